const LONG = 120; // words; a longer text scrolls in its row
const FAINT = 0.02; // below this share of the largest attribution a word carries no mark

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

const signed = (value) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;

/* One word: its attribution as colour and line, as a tooltip, and as a number that can be shown. */
function word(text, value, scale, isIdentity) {
  const share = scale > 0 ? Math.min(1, Math.abs(value) / scale) : 0;
  const element = make("span", isIdentity ? "fp-word is-identity" : "fp-word");
  const inner = make("span", "", text);
  element.title = `${text}: ${signed(value)}`;
  if (share >= FAINT) {
    element.classList.add(value > 0 ? "is-for" : "is-against");
    element.style.setProperty("--share", share.toFixed(3));
  }
  element.append(inner, make("small", "", signed(value)));
  return element;
}

function spaced(elements) {
  return elements.flatMap((each, i) => (i ? [" ", each] : [each]));
}

function trigger(row, sentence) {
  if (!row.trigger.length) return null;
  const frame = make("span", row.is_nearest ? "fp-trigger is-nearest" : "fp-trigger");
  frame.dir = "auto"; // and so it has no say in the direction of the text
  const words = row.trigger.map((text, i) => word(text, row.trigger_values[i] ?? 0, sentence.scale, false));
  frame.append(make("b", "", row.badge), " ", ...spaced(words));
  return frame;
}

function text(row, sentence) {
  const line = make("p");
  line.dir = "auto";
  const words = sentence.words.map((each, i) => word(each, row.values[i] ?? 0, sentence.scale, sentence.is_identity[i]));
  const end = sentence.end ? [make("em", "", sentence.end)] : [];
  const parts = [...words, ...end], frame = trigger(row, sentence);
  if (frame && sentence.is_behind) parts.push(frame);
  if (frame && !sentence.is_behind) parts.unshift(frame);
  line.append(...spaced(parts));
  if (words.length > LONG) Object.assign(line, { className: "is-long", tabIndex: 0 });
  return line;
}

function line(row, sentence, marker, valueName) {
  const element = make("div", row.is_sound ? "fp-sentence-row" : "fp-sentence-row is-unsound");
  const name = make("div", "fp-sentence-name"), value = make("div", "fp-sentence-value");
  name.append(make("strong", "", row.name), make("em", "", marker));
  if (row.note) name.append(make("small", "", row.note));
  const bar = make("i");
  bar.style.setProperty("--share", row.probability.toFixed(3));
  value.append(make("span", "", valueName), make("strong", "", row.probability.toFixed(2)), bar, make("small", "", row.said));
  if (row.made) value.append(make("small", "fp-sentence-made", row.made));
  element.append(make("span", "fp-sentence-spoken", row.spoken), name, text(row, sentence), value);
  return element;
}

function legend(texts, root) {
  const switched = make("label"), box = make("input");
  box.type = "checkbox";
  box.checked = root.classList.contains("has-numbers");
  box.onchange = () => root.classList.toggle("has-numbers", box.checked);
  switched.append(box, texts.numbers);
  const samples = { for: "fp-word is-for", against: "fp-word is-against", identity: "fp-word is-identity",
    trigger: "fp-trigger", nearest: "fp-trigger is-nearest" };
  const names = Object.keys(texts).filter((name) => !["numbers", "value"].includes(name));
  const entries = names.map((name) => {
    const entry = make("span");
    if (samples[name]) {
      const sample = make("span", samples[name]);
      sample.style.setProperty("--share", 1);
      sample.append(make("span", "", "abc"));
      sample.setAttribute("aria-hidden", "true");
      entry.append(sample, " ");
    }
    entry.append(texts[name]);
    return entry;
  });
  return [...entries, switched];
}

export default function ({ parentElement, data: [data] }) {
  const root = parentElement.querySelector(".fp-sentence"), { sentence } = data;
  const [above, below] = root.querySelectorAll(":scope > .fp-sentence-rows");
  const fold = root.querySelector("details"), title = root.querySelector(".fp-sentence-title");
  const draw = (row) => line(row, sentence, data.marker, data.legend.value);
  title.textContent = sentence.title;
  title.hidden = !sentence.title;
  root.querySelector(".fp-sentence-legend").replaceChildren(...legend(data.legend, root));
  above.replaceChildren(...sentence.first.map(draw));
  fold.hidden = !sentence.controls.length;
  fold.querySelector("summary").textContent = sentence.folded;
  fold.querySelector("div").replaceChildren(...sentence.controls.map(draw));
  const rows = sentence.rows.map((row) => ({ lam: row.lam, element: draw(row) }));
  below.replaceChildren(...rows.map(({ element }) => element));

  const show = (index) =>
    rows.forEach(({ lam, element }) => {
      element.hidden = lam !== index && !data.shown.includes(lam);
      element.classList.toggle("is-now", lam === index);
    });
  show(window.fairprogLam?.[data.channel] ?? data.index);
  window.removeEventListener("fairprog:lam", root.follow);
  root.follow = ({ detail }) => detail.channel === data.channel && show(detail.index);
  window.addEventListener("fairprog:lam", root.follow);
  return () => window.removeEventListener("fairprog:lam", root.follow);
}
