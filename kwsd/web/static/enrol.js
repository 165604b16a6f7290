// Enrolment: takes of the microphone or from files, each checked at once, then the keyword with what to expect of it.

import { change, keywordPath, upload } from "./api.js";
import { byId, make, show, work } from "./dom.js";
import { decode, Recorder } from "./recorder.js";

const LONGEST = 10_000; // ms of a take
const ENOUGH = 3; // takes after which it is said what to expect

let takes = [];
let reading = false; // files, one after the other
let changed = () => {};

const name = make("input", { type: "text", required: true, maxLength: 60, autocomplete: "off", placeholder: "hey snips" });
const record = make("button", { type: "button", className: "main", textContent: "Record" });
const files = make("input", { type: "file", accept: "audio/*,video/*", multiple: true });
const level = make("meter", { min: 0, max: 1, low: 0.02, high: 0.95, optimum: 0.3, "aria-label": "microphone level" });
const list = make("ul", { id: "takes" });
const report = make("p", { className: "quiet", role: "status" });
const save = make("button", { type: "submit", className: "main", textContent: "Enrol", disabled: true });

export function startEnrolment(whenChanged) {
  changed = whenChanged;
  const hint = "Say the phrase once in each recording; three to ten recordings by different voices, in different rooms, " +
    "make a good keyword. The name of a keyword that is there adds recordings to it.";
  byId("enrol").append(make("p", { className: "quiet", textContent: hint }), make("label", {}, "Name of the phrase", name),
    make("div", { className: "row" }, record, make("label", {}, "or files ", files)), level, list, report, save);
  byId("enrol").onsubmit = (event) => {
    event.preventDefault();
    work(save, enrol).then(showTakes);
  };
  record.onclick = () => work(record, toggle);
  files.onchange = () => work(files, addFiles);
}

let recorder = null;
let timer = 0;

async function toggle() {
  clearTimeout(timer);
  if (recorder) {
    const finished = recorder;
    recorder = null;
    show(record, "Record");
    level.value = 0;
    await add(await finished.stop());
    return;
  }
  const started = new Recorder();
  await started.start((peak) => (level.value = peak));
  recorder = started;
  show(record, "Stop");
  timer = setTimeout(() => record.click(), LONGEST);
}

async function addFiles() {
  reading = true;
  try {
    for (const file of files.files) await add(await decode(file), file.name);
  } finally {
    reading = false;
    files.value = "";
    showTakes();
  }
  await predict();
}

let numbers = 0;

async function add(blob, file = "") {
  const facts = await upload("api/take", blob);
  takes.push({ blob, facts, name: file || `${stamp()}-${++numbers}.wav` });
  showTakes();
  if (!reading) await predict();
}

const stamp = () => new Date().toISOString().slice(0, 19).replace("T", "-").replaceAll(":", "");

function showTakes() {
  list.replaceChildren(...takes.map(row));
  save.disabled = reading || !takes.length;
}

function row(take) {
  const { start, end, faults } = take.facts;
  const words = `${take.name}: the phrase of ${(end - start).toFixed(2)} s${faults.map((fault) => `; it ${fault}`).join("")}`;
  const listen = make("button", { type: "button", textContent: "Play", "aria-label": `play ${take.name}` });
  listen.onclick = () => new Audio(URL.createObjectURL(take.blob)).play();
  const drop = make("button", { type: "button", className: "danger", textContent: "Drop", "aria-label": `drop ${take.name}` });
  drop.onclick = () => {
    takes = takes.filter((other) => other !== take);
    showTakes();
  };
  return make("li", { className: "row" }, make("span", { className: "said", textContent: words }), listen, drop);
}

async function send(stored) {
  const pairs = await Promise.all(takes.map(async (take) => [take.name, await base64(take.blob)]));
  return change("POST", keywordPath(name.value, "/recordings"), { recordings: Object.fromEntries(pairs), save: stored });
}

async function predict() {
  if (takes.length < ENOUGH || !name.value) return;
  show(report, "Comparing the recordings …");
  show(report, sentence(await send(false)));
}

async function enrol() {
  show(report, "Enrolling …");
  const made = await send(true);
  show(report, `“${name.value}” is enrolled: ${sentence(made)}`);
  takes = [];
  await changed();
}

function sentence({ threshold, recordings, alarms, misses, odd, notes }) {
  const missed = misses === null ? "" : `, about ${Math.round(100 * misses)} % misses`;
  const strange = odd ? ` ${odd} is unlike the others: drop it if it was not the phrase.` : "";
  return `${recordings} recording${recordings === 1 ? "" : "s"}, threshold ${threshold.toFixed(3)}; expect ${alarms.toFixed(2)} false alarms an hour` +
    `${missed}.${strange} ${notes.map((note) => `${note}.`).join(" ")}`;
}

async function base64(blob) {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  const pieces = [];
  for (let at = 0; at < bytes.length; at += 8192) pieces.push(String.fromCharCode(...bytes.subarray(at, at + 8192)));
  return btoa(pieces.join(""));
}
