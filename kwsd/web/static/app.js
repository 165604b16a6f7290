// Starts the page: hands each message of the server to the part that shows it.

import { change, get, live } from "./api.js";
import { readCards, showDetection, showScores } from "./cards.js";
import { addDetection, readHits } from "./detections.js";
import { byId, complain, show, work } from "./dom.js";
import { startEnrolment } from "./enrol.js";
import { showHealth } from "./health.js";
import { readKeywords } from "./keywords.js";
import { startSearch } from "./search.js";

const GONE = new Set(["microphone-lost", "no-audio", "stopping", "starting"]);
let paused = false;

const take = {
  scores: showScores,
  heartbeat: showHealth,
  status(event) {
    paused = event.state === "paused";
    showState(event.state, event.stream, paused || GONE.has(event.state));
    if (event.state === "reload-failed") complain(event.message);
    readAll();
  },
  detection(event) {
    addDetection(event, Date.now() / 1000 - event.wall < 5);
    showDetection(event);
  },
  connection({ listening, message }) {
    if (listening) readState().catch((error) => complain(error.message));
    else showState("not listening", message, true);
  },
};

async function readState() {
  const reply = await get("api/state");
  paused = reply.paused;
  showState(paused ? "paused" : reply.state, reply.stream, paused || GONE.has(reply.state));
  readAll();
}

function showState(state, words, off) {
  show(byId("state"), state);
  show(byId("stream"), words);
  byId("state").classList.toggle("off", off);
  const button = byId("pause");
  button.hidden = state === "not listening";
  show(button, paused ? "Resume" : "Pause");
}

function readAll() {
  for (const read of [readCards, readKeywords]) read().catch((error) => complain(error.message));
}

byId("pause").onclick = () => work(byId("pause"), () => change("PUT", "api/listening", { on: paused }));
startEnrolment(readKeywords);
readKeywords().catch((error) => complain(error.message));
readHits().catch(() => {});
startSearch().catch(() => {});
live((message) => take[message.kind]?.(message), (sentence) => showState("not listening", sentence, true));
