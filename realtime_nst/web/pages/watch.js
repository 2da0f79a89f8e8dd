"use strict";
// Loads the video of a page again after the program has been restarted or the network was away.
let shown = null; // The run whose video the page has loaded; null: the first one that answers.

async function watch() {
  let run = "";
  try {
    const response = await fetch("/run", {cache: "no-store", signal: AbortSignal.timeout?.(5000)});
    run = response.ok ? await response.text() : "";
  } catch {
    // The program has ended, or the network is down.
  }
  document.body.classList.toggle("away", !run);
  if (run && shown !== null && run !== shown) document.getElementById("video").src = "/video.mjpg?" + run;
  shown = run || "away";
  setTimeout(watch, 1000);
}
watch();
