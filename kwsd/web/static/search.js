// Searches an index for a keyword of the store; the hits can be played, and called right or wrong for the next search.

import { change, get, play } from "./api.js";
import { byId, make, work } from "./dom.js";

const choice = make("select", { "aria-label": "keyword to search for" });
const search = make("button", { type: "submit", className: "main", textContent: "Search" });
const again = make("button", { type: "button", textContent: "Search again", hidden: true });
const add = make("button", { type: "button", textContent: "Add to the keyword", hidden: true,
  title: "right hits become recordings of the keyword, wrong ones what it must not be taken for" });
const learned = make("p", { className: "quiet", role: "status" });
const list = make("ol", { id: "found" });
const judged = { right: new Set(), wrong: new Set() }; // numbers of hits

export async function startSearch() {
  const index = await get("api/index");
  if (index === null) return;
  const hint = `Where a keyword is said in ${index}, the best hits first. Listen to a hit before you trust it.`;
  byId("search").append(make("p", { className: "quiet", textContent: hint }),
    make("div", { className: "row" }, choice, search, again, add), learned, list);
  byId("search").onsubmit = (event) => {
    event.preventDefault();
    work(search, find);
  };
  again.onclick = () => work(again, findAgain);
  add.onclick = () => work(add, addToKeyword);
  byId("search-section").hidden = false;
}

export function offer(names) {
  const chosen = choice.value;
  choice.replaceChildren(...names.map((name) => make("option", { value: name, textContent: name })));
  if (names.includes(chosen)) choice.value = chosen;
  search.disabled = !names.length;
}

const path = () => `api/index/${encodeURIComponent(choice.value)}`;

async function find() {
  const hits = await get(path());
  learned.textContent = "";
  for (const numbers of Object.values(judged)) numbers.clear();
  show(hits);
}

async function findAgain() {
  show(await change("POST", path(), verdicts()));
}

async function addToKeyword() {
  learned.textContent = await change("POST", `${path()}/keyword`, verdicts());
}

const verdicts = () => ({ right: [...judged.right], wrong: [...judged.wrong] });

function offerToLearn() {
  again.hidden = add.hidden = !(judged.right.size || judged.wrong.size);
}

function show(hits) {
  offerToLearn();
  const none = make("li", { className: "quiet", textContent: "Nothing was found." });
  list.replaceChildren(...(hits.length ? hits.map(row) : [none]));
}

function row({ number, file, start, end, score, probability, heard, right }) {
  const when = heard === null ? `${time(start)} to ${time(end)}` : new Date(1000 * heard).toLocaleString();
  const fits = probability === null ? `score ${score.toFixed(2)}` : `${Math.round(100 * probability)} % probable`;
  const words = make("span", { className: "said number", textContent: `${file}, ${when}, ${fits}` });
  const listen = make("button", { type: "button", textContent: "Play", "aria-label": `play ${file} at ${when}` });
  listen.disabled = heard !== null;
  listen.title = heard === null ? "" : "an index of what was heard live has no audio";
  listen.onclick = () => work(listen, () => play(`api/index/hits/${number}`));
  const buttons = ["right", "wrong"].map((kind) => verdict(kind, number, `${file} at ${when}`));
  if (right) buttons[0].setAttribute("aria-pressed", "true"); // known from before, by another number
  for (const button of right ? buttons : []) button.disabled = true;
  return make("li", { className: "row" }, words, listen, ...buttons);
}

function verdict(kind, number, where) {
  const other = kind === "right" ? "wrong" : "right";
  const button = make("button", { type: "button", textContent: kind === "right" ? "Right" : "Wrong",
    "aria-label": `${kind}: ${where}`, "aria-pressed": "false", title: "the next search learns from it" });
  button.onclick = () => {
    if (!judged[kind].delete(number)) judged[kind].add(number);
    judged[other].delete(number);
    for (const one of button.parentElement.querySelectorAll("[aria-pressed]")) {
      one.setAttribute("aria-pressed", String(one === button && judged[kind].has(number)));
    }
    offerToLearn();
  };
  return button;
}

const time = (seconds) => `${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(1).padStart(4, "0")}`;
