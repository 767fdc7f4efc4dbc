/**
 * @typedef {object} SentenceList
 * @property {Item[]} items
 * @property {string} label caption of the list
 * @property {string} channel of the λ slider
 * @property {number} index initial index of λ, until the slider sends one
 */

/**
 * @typedef {object} Item
 * @property {number} number the value of the list when this item is picked
 * @property {string} text
 * @property {string} about group and label
 * @property {string[]} moved the change of its probability by the trigger: one text for all λ, or one per λ
 */

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {string} [text]
 */
function make(tag, text) {
  const element = document.createElement(tag);
  if (text) element.textContent = text;
  return element;
}

let lists = 0;

/**
 * @param {Item} found
 * @param {string} name of the group of radio buttons
 * @param {(number: number) => void} pick
 */
function item(found, name, pick) {
  const label = make("label"), radio = make("input"), body = make("span"), text = make("span", found.text);
  const about = make("small"), moved = make("small");
  Object.assign(radio, { type: "radio", name, value: String(found.number), onchange: () => pick(found.number) });
  text.dir = "auto";
  about.textContent = found.about;
  body.append(text, about, moved);
  label.append(radio, body);
  /** @param {number} index */
  const show = (index) => (moved.textContent = found.moved[Math.min(index, found.moved.length - 1)] ?? "");
  return { label, radio, show };
}

/** @param {Call<SentenceList>} call */
export default function ({ parentElement, data: [data], setStateValue }) {
  /** @type {Part & { name?: string, picked?: number, follow?: LamListener }} */
  const root = parentElement.querySelector(".fp-sentences");
  const list = root.querySelector("div");
  root.querySelector("legend").textContent = data.label;
  const name = (root.name ||= `fp-sentences-${++lists}`);
  /** @param {number} number */
  const pick = (number) => {
    root.picked = number;
    setStateValue("number", number);
  };
  const items = data.items.map((found) => item(found, name, pick));
  const numbers = data.items.map(({ number }) => number);
  // If the picked sentence is not in the list, the first one counts as picked, as in Python.
  const picked = numbers.some((number) => number === root.picked) ? root.picked : numbers[0];
  items.forEach(({ radio }) => (radio.checked = Number(radio.value) === picked));
  const hadFocus = list.contains(document.activeElement), { scrollTop } = list;
  list.replaceChildren(...items.map(({ label }) => label));
  list.scrollTop = scrollTop;
  if (hadFocus) items.find(({ radio }) => radio.checked)?.radio.focus({ preventScroll: true });

  /** @param {number} index */
  const show = (index) => items.forEach((each) => each.show(index));
  show(window.fairprogLam?.[data.channel] ?? data.index);
  window.removeEventListener("fairprog:lam", root.follow);
  root.follow = ({ detail }) => detail.channel === data.channel && show(detail.index);
  window.addEventListener("fairprog:lam", root.follow);
  return () => window.removeEventListener("fairprog:lam", root.follow);
}
