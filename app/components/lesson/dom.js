/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {string} [className]
 * @param {(string | Node)[]} children text stays text
 */
export function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/**
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 * @param {(string | Node)[]} children
 */
export function draw(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/**
 * @param {string} text
 * @param {() => void} onClick
 * @param {string} [className]
 */
export function button(text, onClick, className = "plain") {
  const element = make("button", className, text);
  element.type = "button";
  element.addEventListener("click", onClick);
  return element;
}

/**
 * A link that opens in another tab, so that the lesson stays.
 * @param {string} text
 * @param {string} address
 */
export function link(text, address) {
  const element = make("a", "go", text);
  element.href = address;
  element.target = "_blank";
  element.rel = "noopener";
  return element;
}

let n_ids = 0;

/** @param {string} name */
export function fresh(name) {
  n_ids += 1;
  return `fp-lesson-${name}-${n_ids}`;
}

/**
 * Radio buttons, one for each text. `chosen` is the one that is checked.
 * @param {string} name of the group
 * @param {string[]} texts
 * @param {number | undefined} chosen
 * @param {(i: number) => void} onChange
 */
export function radios(name, texts, chosen, onChange) {
  const group = fresh(name);
  return texts.map((text, i) => {
    const input = make("input");
    input.type = "radio";
    input.name = group;
    input.checked = chosen === i;
    input.addEventListener("change", () => onChange(i));
    return { input, label: make("label", "option", input, make("span", "", text)) };
  });
}

/**
 * A native slider with its label and value. `spoken` writes a position as text; `poles` name its two ends.
 * @param {string} text
 * @param {{ min: number, max: number, step?: number, value: number }} range
 * @param {(value: number) => string} spoken
 * @param {(value: number) => void} onMove
 * @param {string[]} [poles]
 */
export function slider(text, range, spoken, onMove, poles = []) {
  const label = make("label", "", text);
  const value = make("output", "value");
  const input = make("input");
  input.type = "range";
  input.min = String(range.min);
  input.max = String(range.max);
  input.step = String(range.step ?? 1);
  input.value = String(range.value);
  input.id = fresh("slider");
  label.htmlFor = input.id;
  value.htmlFor.value = input.id;
  const write = () => {
    const shown = spoken(Number(input.value));
    value.textContent = shown;
    input.setAttribute("aria-valuetext", shown);
  };
  input.addEventListener("input", () => {
    write();
    onMove(Number(input.value));
  });
  write();
  /** @param {number} to */
  const set = (to) => {
    input.value = String(to);
    write();
  };
  const names = make("div", "poles", ...poles.map((pole) => make("span", "", pole)));
  names.setAttribute("aria-hidden", "true");
  return { box: make("div", "slider", make("div", "head", label, value), input, ...(poles.length ? [names] : [])), set };
}

/**
 * A bar from 0 to 1 with a name, its text, and its interval; `set` moves it.
 * @param {string} name
 * @param {string} [className]
 */
export function bar(name, className = "") {
  const fill = make("div", "fill");
  const whisker = make("div", "whisker");
  const mark = make("div", "mark");
  whisker.hidden = mark.hidden = true;
  const text = make("span", "share");
  const row = make("div", `line ${className}`, make("span", "name", name), make("div", "track", fill, whisker, mark), text);
  /**
   * @param {number | null} value
   * @param {string} shown
   * @param {Measured} [measured] for the interval
   */
  const set = (value, shown, measured) => {
    fill.style.transform = `scaleX(${Math.min(Math.max(value ?? 0, 0), 1)})`;
    text.textContent = shown;
    const [, low, high] = measured ?? [];
    whisker.hidden = low == null || high == null;
    if (low != null && high != null) {
      whisker.style.left = `${100 * Math.max(low, 0)}%`;
      whisker.style.width = `${100 * (high - Math.max(low, 0))}%`;
    }
  };
  /** @param {number | null} value where it was at first */
  const markAt = (value) => {
    mark.hidden = value === null;
    mark.style.left = `${100 * (value ?? 0)}%`;
  };
  return { row, set, markAt };
}

/**
 * @param {string} caption
 * @param {string[]} head
 * @param {string[][]} rows
 */
export function table(caption, head, rows) {
  const top = make("tr", "", ...head.map((text) => Object.assign(make("th", "", text), { scope: "col" })));
  const body = rows.map(([name, ...cells]) =>
    make("tr", "", Object.assign(make("th", "", name), { scope: "row" }), ...cells.map((text) => make("td", "", text))),
  );
  const area = make("div", "scroll", make("table", "", make("caption", "", caption), make("thead", "", top), make("tbody", "", ...body)));
  area.tabIndex = 0; // so that the keyboard can scroll it on a phone
  area.setAttribute("role", "region");
  area.setAttribute("aria-label", caption);
  return area;
}

/**
 * What only some want to read.
 * @param {string} text of its line
 * @param {(string | Node)[]} children
 */
export function fold(text, ...children) {
  return make("details", "fold", make("summary", "", text), ...children);
}

/** @param {string[]} texts */
export function paragraphs(texts) {
  return texts.map((text) => make("p", "", text));
}
