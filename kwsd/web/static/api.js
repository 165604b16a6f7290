// Requests to the server, with the token of the address that `kwsd monitor` printed.

const KEY = "kwsd-token";

function takeToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    localStorage.setItem(KEY, given);
    history.replaceState(null, "", location.pathname); // so that the token is not seen, nor kept in the history
  }
  return localStorage.getItem(KEY) ?? "";
}

const token = takeToken();

async function send(path, options = {}) {
  const headers = { Authorization: `Bearer ${token}` };
  const reply = await fetch(path, { ...options, headers });
  if (reply.ok) return reply;
  const { error } = await reply.json().catch(() => ({ error: `the server answered ${reply.status}` }));
  throw new Error(error);
}

export const get = async (path) => (await send(path)).json();

export const change = async (method, path, body) => (await send(path, { method, body: JSON.stringify(body) })).json();

export const upload = async (path, blob) => (await send(path, { method: "POST", body: blob })).json();

export const keywordPath = (name, rest = "") => `api/keywords/${encodeURIComponent(name)}${rest}`;

let playing = null;

export async function play(path) {
  const url = URL.createObjectURL(await (await send(path)).blob());
  playing?.pause();
  playing = new Audio(url);
  playing.onended = () => URL.revokeObjectURL(url);
  await playing.play();
}

// Calls `take` with each message of the server for ever; `lost` with a sentence while there is no connection.
export async function live(take, lost) {
  for (;;) {
    try {
      await readMessages((await send("api/live")).body, take);
      lost("The connection to kwsd monitor is lost; trying again.");
    } catch (error) {
      lost(error instanceof TypeError ? "kwsd monitor does not answer; trying again." : error.message);
    }
    await new Promise((done) => setTimeout(done, 1000));
  }
}

async function readMessages(body, take) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n\n");
    rest = lines.pop();
    for (const line of lines) take(JSON.parse(line.slice("data: ".length)));
  }
}
