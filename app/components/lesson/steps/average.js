import { bar, button, make } from "../dom.js";
import { ends, rateBars, rateTable } from "../sentences.js";

const LEVELS = [0.9, 0.7, 0.5, 0.35]; // of the question's options
const N_DOTS = 100;

/**
 * Whole numbers that sum to `n` and are nearest to `shares`, which sum to 1: the largest remainders are rounded up.
 * @param {number[]} shares
 * @param {number} n
 */
export function wholes(shares, n) {
  const found = shares.map((share) => Math.floor(share * n));
  const order = [...shares.keys()].sort((i, j) => shares[j] * n - found[j] - (shares[i] * n - found[i]));
  const rest = n - found.reduce((sum, each) => sum + each, 0);
  for (const i of order.slice(0, rest)) found[i] += 1;
  return found;
}

/**
 * The option nearest to a value.
 * @param {number[]} levels
 * @param {number} value
 */
export function nearest(levels, value) {
  const distances = levels.map((level) => Math.abs(level - value));
  return distances.indexOf(Math.min(...distances));
}

/**
 * @param {Desk} desk
 * @returns {Step}
 */
export function averageStep(desk) {
  const { study } = desk;
  const base = study.stops[0];
  return {
    options: LEVELS.map((level) => desk.say("ui.about", { value: desk.percent(level) })),
    right: nearest(LEVELS, base.groups[ends(study).low].hits[0] ?? 0),
    tryOut: () => dots(desk),
    measured: () => {
      const bars = rateBars(desk, ["hits", "alarms"], bar);
      bars.set(base.groups.map(({ hits, alarms, called }) => ({ hits, alarms, called })));
      return [bars.box, make("p", "note", `${desk.say("ui.legend_interval")} · ${desk.say("ui.legend_points")}`)];
    },
    printed: () => [rateTable(desk, desk.say("conditions.without"), base.groups)],
    links: [],
  };
}

/**
 * A hundred rows in their natural mix, one mark each.
 * @param {Desk} desk
 */
function dots(desk) {
  const { study } = desk;
  const base = study.stops[0];
  const cells = study.groups.flatMap((group, g) =>
    [1, 0].flatMap((label) => {
      const share = group.share * (label ? group.positive : 1 - group.positive);
      const error = label ? 1 - (base.groups[g].hits[0] ?? 0) : (base.groups[g].alarms[0] ?? 0);
      return [{ g, label, isWrong: true, share: share * error }, { g, label, isWrong: false, share: share * (1 - error) }];
    }),
  );
  const counts = wholes(cells.map((cell) => cell.share), N_DOTS);
  const marks = cells.flatMap((cell, i) => Array.from({ length: counts[i] }, () => cell));
  const area = make("div", "dots");
  let isMarked = false;
  let isSorted = false;

  /** @param {{ g: number, label: number, isWrong: boolean }[]} some */
  const block = (some) => {
    const grid = make("div", "grid");
    for (const { g, label, isWrong } of some) {
      grid.append(make("span", `dot shape${g} ${label ? "is-full" : ""} ${isMarked && isWrong ? "is-wrong" : ""}`));
    }
    return grid;
  };
  /** @param {{ isWrong: boolean }[]} some */
  const tell = (some) => ({ wrong: String(some.filter((mark) => mark.isWrong).length), n: String(some.length) });
  const total = make("p", "note");
  total.setAttribute("aria-live", "polite");
  const redraw = () => {
    total.textContent = isMarked ? desk.say("step1.all", tell(marks)) : "\u00a0";
    area.className = isSorted ? "dots is-sorted" : "dots";
    if (!isSorted) {
      const mixed = marks.map((mark, i) => ({ mark, at: (i * 37 + 11) % N_DOTS })).sort((a, b) => a.at - b.at);
      const grid = block(mixed.map(({ mark }) => mark));
      grid.setAttribute("role", "img");
      grid.setAttribute("aria-label", isMarked ? desk.say("step1.all", tell(marks)) : desk.say("name"));
      area.replaceChildren(grid);
      return;
    }
    area.replaceChildren(
      ...study.groups.flatMap((group, g) =>
        [1, 0].map((label) => {
          const some = marks.filter((mark) => mark.g === g && mark.label === label);
          const name = desk.say(`cells.${group.name}${label}`);
          const text = isMarked ? desk.say("step1.cell", { name, ...tell(some) }) : name;
          return make("div", "cell", make("p", "note", text), block(some));
        }),
      ),
    );
  };
  const mark = button(desk.say("step1.mark"), () => {
    isMarked = !isMarked;
    mark.textContent = desk.say(isMarked ? "step1.unmark" : "step1.mark");
    redraw();
  });
  const sort = button(desk.say("step1.sort"), () => {
    isSorted = !isSorted;
    sort.textContent = desk.say(isSorted ? "step1.mix" : "step1.sort");
    redraw();
  });
  area.setAttribute("aria-live", "polite");
  redraw();
  return make("div", "", make("div", "buttons", mark, sort), area, total, make("p", "legend note", desk.list("step1.legend").join(" · ")));
}
