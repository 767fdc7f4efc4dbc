function make(tag, text) {
  const element = document.createElement(tag);
  if (text) element.textContent = text;
  return element;
}

let lists = 0;

function item(found, name, pick) {
  const label = make("label"), radio = make("input"), body = make("span"), text = make("span", found.text);
  const about = make("small"), moved = make("small");
  Object.assign(radio, { type: "radio", name, value: String(found.number), onchange: () => pick(found.number) });
  text.dir = "auto";
  about.textContent = found.about;
  body.append(text, about, moved);
  label.append(radio, body);
  const show = (index) => (moved.textContent = found.moved[Math.min(index, found.moved.length - 1)] ?? "");
  return { label, radio, show };
}

export default function ({ parentElement, data: [data], setStateValue }) {
  const root = parentElement.querySelector(".fp-sentences"), list = root.querySelector("div");
  root.querySelector("legend").textContent = data.label;
  root.name ||= `fp-sentences-${++lists}`;
  const pick = (number) => {
    root.picked = number;
    setStateValue("number", number);
  };
  const items = data.items.map((found) => item(found, root.name, pick));
  const numbers = data.items.map(({ number }) => number);
  // Where the picked one is not in the list, the first one stands for it: here as in the script.
  const picked = numbers.includes(root.picked) ? root.picked : numbers[0];
  items.forEach(({ radio }) => (radio.checked = Number(radio.value) === picked));
  const hadFocus = list.contains(document.activeElement), { scrollTop } = list;
  list.replaceChildren(...items.map(({ label }) => label));
  list.scrollTop = scrollTop;
  if (hadFocus) items.find(({ radio }) => radio.checked)?.radio.focus({ preventScroll: true });

  const show = (index) => items.forEach((each) => each.show(index));
  show(window.fairprogLam?.[data.channel] ?? data.index);
  window.removeEventListener("fairprog:lam", root.follow);
  root.follow = ({ detail }) => detail.channel === data.channel && show(detail.index);
  window.addEventListener("fairprog:lam", root.follow);
  return () => window.removeEventListener("fairprog:lam", root.follow);
}
