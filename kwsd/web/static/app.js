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
const FINE = new Set(["listening", "microphone-back", "reloaded"]);
const FRESH = 5; // s; older detections are told again to a page that is opened later
let paused = false;

const take = {
  scores: showScores,
  heartbeat: showHealth,
  status(event) {
    showStreams(event);
    if (event.state === "reload-failed") complain(event.message);
    readAll();
  },
  detection(event) {
    const fresh = Date.now() / 1000 - event.wall < FRESH;
    addDetection(event, fresh);
    if (fresh) showDetection(event);
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

const streams = new Map(); // the last status of each, by its name

// The state of all microphones: that of one with a problem, if there is one.
function showStreams(event) {
  for (const [name, other] of streams) if (other.instance !== event.instance) streams.delete(name);
  streams.set(event.stream, event);
  const shown = [...streams.values()].find((one) => !FINE.has(one.state)) ?? event;
  paused = shown.state === "paused";
  showState(shown.state, [...streams.keys()].join(", "), paused || GONE.has(shown.state));
}

function showState(state, words, off) {
  show(byId("state"), FINE.has(state) ? "listening" : state);
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
