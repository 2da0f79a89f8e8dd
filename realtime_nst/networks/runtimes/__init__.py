"""Runtimes: OpenVINO on a CPU, TensorFlow on a GPU; devices, and the cache of compiled models."""
