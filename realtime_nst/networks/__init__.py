"""The networks that stylize frames: choose, download and open one."""
