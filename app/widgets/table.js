/**
 * @typedef {object} Table
 * @property {string} caption
 * @property {TableCell[]} columns
 * @property {TableCell[][]} rows
 * @property {boolean} is_text whether the cells hold long texts, which wrap over several lines
 */

/**
 * @typedef {object} TableCell
 * @property {string} text
 * @property {string} note in smaller type below the text
 */

/**
 * @param {"th" | "td"} tag
 * @param {TableCell} cell
 */
function cell(tag, { text, note }) {
  const element = document.createElement(tag);
  element.textContent = text;
  element.dir = "auto";
  if (note) element.append(Object.assign(document.createElement("small"), { textContent: note }));
  return element;
}

/**
 * @param {TableCell[]} cells
 * @param {boolean} heading
 */
function line(cells, heading) {
  const row = document.createElement("tr");
  row.append(...cells.map((each, i) => cell(heading || i === 0 ? "th" : "td", each)));
  row.querySelectorAll("th").forEach((each) => (each.scope = heading ? "col" : "row"));
  return row;
}

/** @param {Call<Table>} call */
export default function ({ parentElement, data: [data] }) {
  const root = parentElement.querySelector(".fp-table");
  root.setAttribute("aria-label", data.caption);
  root.classList.toggle("is-text", data.is_text);
  root.querySelector("caption").textContent = data.caption;
  root.querySelector("thead").replaceChildren(line(data.columns, true));
  root.querySelector("tbody").replaceChildren(...data.rows.map((row) => line(row, false)));
}
