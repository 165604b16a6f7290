// Detections as they come; those whose audio is kept can be played, and called true or false.

import { change, get, play } from "./api.js";
import { byId, clock, make, show, work } from "./dom.js";
import { readKeywords } from "./keywords.js";

const SHOWN = 50;
const SAME = 0.002; // s between the time of a detection and that of its file
const WAITS = [1500, 3000]; // ms until the audio after the phrase is kept, too

const shown = new Map(); // by the key of a detection

const heardAt = (detection) => detection.heard ?? detection.wall;

export function addDetection(detection, fresh) {
  const key = `${detection.instance} ${detection.sequence}`;
  if (shown.has(key)) return;
  const item = new Item(detection.keyword, heardAt(detection), detection.distance, detection.threshold, "", detection.stream);
  shown.set(key, item);
  for (const wait of fresh ? WAITS : [0]) setTimeout(() => readHits().catch(() => {}), wait);
}

// Finds the audio of the detections that are shown, and shows older ones that are kept.
export async function readHits() {
  for (const hit of await get("api/hits")) {
    const items = [...shown.values()];
    if (items.some((item) => item.file === hit.file)) continue;
    const item = items.find((one) => !one.file && one.keyword === hit.keyword && Math.abs(one.heard - hit.heard) < SAME);
    if (item) item.keep(hit.file);
    else shown.set(hit.file, new Item(hit.keyword, hit.heard, hit.distance, hit.threshold, hit.file));
  }
}

class Item {
  constructor(keyword, heard, distance, threshold, file = "", stream = "") {
    Object.assign(this, { keyword, heard, file });
    const numbers = `${distance.toFixed(3)} of ${threshold.toFixed(3)}`;
    const words = make("div", { className: "said" }, make("strong", { textContent: keyword }), make("br"),
      make("span", { className: "quiet number", textContent: `${clock(heard)}, distance ${numbers}`, title: stream }));
    this.row = make("div", { className: "row" }, words);
    this.note = make("p", { className: "quiet", hidden: true });
    this.element = make("li", {}, this.row, this.note);
    this.element.heard = heard;
    place(this.element);
    if (file) this.keep(file);
  }

  keep(file) {
    this.file = file;
    const path = `api/hits/${encodeURIComponent(file)}`;
    const listen = make("button", { type: "button", textContent: "Play", "aria-label": `play ${this.keyword}` });
    listen.onclick = () => work(listen, () => play(path));
    this.answers = [this.answer("True", path, true), this.answer("False", path, false)];
    this.row.append(listen, ...this.answers);
  }

  answer(text, path, said) {
    const meaning = said ? "the keyword was said: learn from it" : "the keyword was not said: be stricter";
    const button = make("button", { type: "button", textContent: text, title: meaning });
    button.onclick = () => work(button, async () => {
      show(this.note, await change("POST", path, { said }));
      this.note.hidden = false;
      for (const answer of this.answers) answer.hidden = true;
      await readKeywords();
    });
    return button;
  }
}

function place(element) {
  const list = byId("detections");
  byId("no-detections").hidden = true;
  const older = [...list.children].find((other) => other.heard <= element.heard);
  list.insertBefore(element, older ?? null);
  while (list.children.length > SHOWN) list.lastChild.remove();
}
