// A card for each keyword that is spotted: its live distance, its threshold and what to expect of it.

import { change, get, keywordPath } from "./api.js";
import { Chart } from "./chart.js";
import { attempt, byId, complain, make, show, work } from "./dom.js";

const SAME = 1e-6; // difference of thresholds that a slider cannot show
const SETTLED = 250; // ms after which a slider is where it was meant to be

const cards = new Map();

export async function readCards() {
  const { keywords } = await get("api/spotted");
  const names = new Set(keywords.map((keyword) => keyword.name));
  for (const [name, card] of cards) {
    if (names.has(name)) continue;
    card.element.remove();
    cards.delete(name);
  }
  for (const keyword of keywords) {
    if (!cards.has(keyword.name)) cards.set(keyword.name, new Card(keyword.name));
    cards.get(keyword.name).update(keyword);
  }
}

const now = () => Date.now() / 1000;

export function showScores({ distances }) {
  for (const [name, distance] of Object.entries(distances)) cards.get(name)?.score(now(), distance);
}

export function showDetection({ keyword, distance }) {
  cards.get(keyword)?.chart.detect(now(), distance);
}

class Card {
  constructor(name) {
    this.name = name;
    this.curve = null;
    this.waiting = 0;
    this.current = make("output", { className: "number distance", "aria-label": `distance of ${name}`, textContent: "–" });
    this.enabled = make("input", { type: "checkbox" });
    const canvas = make("canvas", { role: "img", "aria-label": `distance of ${name} over the last 20 seconds` });
    this.chart = new Chart(canvas);
    this.slider = make("input", { type: "range", min: 0, step: "any", max: 1, "aria-label": `threshold of ${name}` });
    this.value = make("output", { className: "number" });
    this.expected = make("p", { className: "quiet expected" });
    this.keep = make("button", { type: "button", textContent: "Keep" });
    this.reset = make("button", { type: "button", textContent: "Undo" });
    const title = make("h3", { textContent: name });
    const switched = make("label", { className: "row" }, this.enabled, "spotted");
    this.element = make("div", { className: "card" },
      make("div", { className: "row head" }, title, switched, this.current), canvas,
      make("div", { className: "row" }, "threshold", this.slider, this.value, this.keep, this.reset), this.expected);
    byId("cards").append(this.element);
    this.listen();
  }

  listen() {
    this.slider.oninput = () => this.expect();
    this.slider.onchange = () => this.moved();
    this.keep.onclick = () => work(this.keep, () => this.set({ threshold: this.slider.valueAsNumber, keep: true }));
    this.reset.onclick = () => work(this.reset, () => this.set({ threshold: null, keep: false }));
    this.enabled.onchange = () => work(this.enabled, async () => {
      this.enabled.checked = !this.enabled.checked; // until it is so
      await change("PUT", keywordPath(this.name, "/enabled"), { on: !this.enabled.checked });
    });
  }

  // A key that is held down moves the slider many times: the last place counts.
  moved() {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(async () => {
      await attempt(() => this.set({ threshold: this.slider.valueAsNumber, keep: false }));
      this.waiting = 0;
    }, SETTLED);
  }

  set(body) {
    return change("PUT", keywordPath(this.name, "/threshold"), body);
  }

  async update({ enabled, threshold, stored, templates }) {
    this.enabled.checked = enabled;
    this.stored = stored;
    this.threshold = threshold;
    if (this.templates !== templates) {
      this.templates = templates;
      this.curve = await get(keywordPath(this.name, "/curve")).catch((error) => void complain(error.message));
    }
    this.slider.max = Math.max(this.curve?.thresholds.at(-1) ?? 0, 1.5 * stored, threshold);
    if (!this.waiting && !this.slider.matches(":active")) this.slider.value = threshold;
    this.expect();
  }

  expect() {
    const threshold = this.slider.valueAsNumber;
    this.chart.threshold = threshold;
    show(this.value, threshold.toFixed(3));
    this.slider.setAttribute("aria-valuetext", `${threshold.toFixed(3)}, ${this.sentence(threshold)}`);
    show(this.expected, this.sentence(threshold));
    this.keep.disabled = Math.abs(threshold - this.stored) < SAME;
    this.reset.disabled = Math.abs(this.threshold - this.stored) < SAME;
    this.chart.draw();
  }

  sentence(threshold) {
    if (!this.curve) return "";
    const { thresholds, alarms, distances } = this.curve;
    const place = Math.min(threshold / thresholds.at(-1), 1) * (thresholds.length - 1);
    const low = Math.floor(place);
    const high = Math.min(low + 1, alarms.length - 1);
    const rate = alarms[low] + (place - low) * (alarms[high] - alarms[low]);
    const missed = distances.filter((distance) => distance > threshold).length;
    const misses = distances.length ? `; ${missed} of ${distances.length} recordings would be missed` : "";
    return `about ${rate < 10 ? rate.toFixed(2) : rate.toFixed(0)} false alarms an hour of speech${misses}`;
  }

  score(time, distance) {
    show(this.current, distance.toFixed(3));
    this.current.classList.toggle("near", distance <= this.threshold);
    this.chart.add(time, distance);
    this.chart.draw();
  }
}

addEventListener("resize", () => cards.forEach((card) => card.chart.draw()));
matchMedia("(prefers-color-scheme: dark)").onchange = () => cards.forEach((card) => card.chart.draw());
