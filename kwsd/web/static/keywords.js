// The keywords of the store with their recordings.

import { change, get, keywordPath, play } from "./api.js";
import { byId, make, work } from "./dom.js";
import { offer } from "./search.js";

export async function readKeywords() {
  const keywords = await get("api/keywords");
  offer(keywords.filter((keyword) => !keyword.problem).map((keyword) => keyword.name));
  const open = new Set([...document.querySelectorAll("#keywords details[open]")].map((one) => one.dataset.name));
  const none = make("p", { className: "quiet", textContent: "None yet: enrol a phrase." });
  byId("keywords").replaceChildren(...(keywords.length ? keywords.map((one) => card(one, open.has(one.name))) : [none]));
}

const counted = (count) => `${count} recording${count === 1 ? "" : "s"}`;

function card(keyword, open) {
  const { name, threshold, rule, recordings, problem } = keyword;
  const remove = make("button", { type: "button", className: "danger", textContent: "Remove", "aria-label": `remove ${name}` });
  remove.onclick = () => {
    if (confirm(`Remove "${name}" with ${counted(recordings.length)}?`)) removeAt(remove, keywordPath(name));
  };
  const facts = problem || `threshold ${threshold.toFixed(3)}: ${rule}`;
  const said = recordings.filter((recording) => !recording.negative).length;
  const items = recordings.map((recording, place) => row(name, recording, place, said));
  const list = make("details", { open }, make("summary", { textContent: counted(recordings.length) }), make("ul", {}, ...items));
  list.dataset.name = name;
  return make("div", { className: "card" }, make("div", { className: "row head" }, make("h3", { textContent: name }), remove),
    make("p", { className: "quiet", textContent: facts }), list);
}

function row(name, recording, place, count) {
  const path = keywordPath(name, `/recordings/${place}`);
  const listen = make("button", { type: "button", textContent: "Play", "aria-label": `play ${recording.name}` });
  listen.disabled = !recording.kept;
  listen.title = recording.kept ? "" : "the audio of this recording was not kept";
  listen.onclick = () => work(listen, () => play(path));
  const remove = make("button", { type: "button", className: "danger", textContent: "Remove", "aria-label": `remove ${recording.name}` });
  remove.disabled = !recording.negative && (!recording.kept || count < 2);
  remove.onclick = () => {
    if (confirm(`Remove ${recording.name} from "${name}"?`)) removeAt(remove, path);
  };
  const words = `${recording.negative ? "not the phrase: " : ""}${recording.name}, ${recording.seconds.toFixed(2)} s`;
  return make("li", { className: "row" }, make("span", { className: "said", textContent: words }), listen, remove);
}

function removeAt(button, path) {
  return work(button, async () => {
    await change("DELETE", path);
    await readKeywords();
  });
}
