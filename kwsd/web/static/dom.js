// Elements of the page, made without HTML text: names of keywords are never read as tags.

export const byId = (id) => document.getElementById(id);

export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

export function show(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export const clock = (seconds) => new Date(1000 * seconds).toLocaleTimeString();

// Runs some work, and shows what went wrong.
export async function attempt(run) {
  try {
    await run();
    complain("");
  } catch (error) {
    complain(error.message);
  }
}

// The same for a button, which is disabled meanwhile and has the focus again afterwards.
export async function work(button, run) {
  const focused = document.activeElement === button;
  button.disabled = true;
  await attempt(run);
  button.disabled = false;
  if (focused && document.activeElement === document.body) button.focus();
}

export function complain(sentence) {
  const problem = byId("problem");
  show(problem, sentence);
  problem.hidden = !sentence;
}
