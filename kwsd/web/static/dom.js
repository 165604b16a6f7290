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

// Runs the work of a button, which is disabled meanwhile, and shows what went wrong.
export async function work(button, run) {
  button.disabled = true;
  try {
    await run();
    complain("");
  } catch (error) {
    complain(error.message);
  } finally {
    button.disabled = false;
  }
}

export function complain(sentence) {
  const problem = byId("problem");
  show(problem, sentence);
  problem.hidden = !sentence;
}
