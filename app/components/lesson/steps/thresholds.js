import { bar, button, make, slider, table } from "../dom.js";
import { ends, rateBars } from "../sentences.js";

const NEAR = 0.03; // two rates as close as that count as equal here

/**
 * The rates of a group when `percent` of 100 of its rows are called positive.
 * @param {LessonGroup} group
 * @param {number} percent
 */
export function ratesAt(group, percent) {
  return { called: percent / 100, hits: between(group.hits, percent), alarms: between(group.alarms, percent) };
}

/**
 * The rates of all groups when `percents` of them are called positive; those of the base are the measured ones.
 * @param {LessonStudy} study
 * @param {number[]} percents
 */
function ratesOf({ groups, stops }, percents) {
  return groups.map((group, g) => {
    const { called, hits, alarms } = stops[0].groups[g];
    const isBase = percents[g] === 100 * (called[0] ?? -1);
    return isBase ? { called: called[0] ?? 0, hits: hits[0] ?? 0, alarms: alarms[0] ?? 0 } : ratesAt(group, percents[g]);
  });
}

/**
 * A value of a list whose ends belong to 0 and 100 percent; straight lines between its entries.
 * @param {number[]} values
 * @param {number} percent
 */
function between(values, percent) {
  const at = (percent / 100) * (values.length - 1);
  const [before, after] = [Math.floor(at), Math.ceil(at)];
  return values[before] + (at - before) * (values[after] - values[before]);
}

/**
 * The share of right answers over all groups.
 * @param {LessonGroup[]} groups
 * @param {number[]} percents
 */
export function accuracyAt(groups, percents) {
  return groups.reduce((sum, group, g) => {
    const { hits, alarms } = ratesAt(group, percents[g]);
    return sum + group.share * (group.positive * hits + (1 - group.positive) * (1 - alarms));
  }, 0);
}

/**
 * The largest difference between two of some numbers.
 * @param {number[]} values
 */
export function spread(values) {
  return Math.max(...values) - Math.min(...values);
}

/**
 * The percents with the most right answers among those that call all groups positive equally often.
 * @param {LessonGroup[]} groups
 */
export function bestEqual(groups) {
  const ways = Array.from({ length: 101 }, (_, percent) => groups.map(() => percent));
  return ways.reduce((best, way) => (accuracyAt(groups, way) > accuracyAt(groups, best) ? way : best));
}

/**
 * The percents with the most right answers among those whose hits and whose false alarms are nearly equal. For every
 * percent of the first group, every other group takes the percent whose rates lie nearest.
 * @param {LessonGroup[]} groups
 */
export function bestRight(groups) {
  let best = groups.map(() => 0);
  for (let percent = 0; percent <= 100; percent += 1) {
    const first = ratesAt(groups[0], percent);
    const way = groups.map((group, g) => {
      if (g === 0) return percent;
      let near = 0;
      let least = Infinity;
      for (let other = 0; other <= 100; other += 1) {
        const { hits, alarms } = ratesAt(group, other);
        const distance = Math.max(Math.abs(hits - first.hits), Math.abs(alarms - first.alarms));
        if (distance < least) [near, least] = [other, distance];
      }
      return near;
    });
    if (isEquallyRight(groups, way) && accuracyAt(groups, way) > accuracyAt(groups, best)) best = way;
  }
  return best;
}

/**
 * @param {LessonGroup[]} groups
 * @param {number[]} percents
 */
export function isEquallyRight(groups, percents) {
  const rates = groups.map((group, g) => ratesAt(group, percents[g]));
  return spread(rates.map(({ hits }) => hits)) <= NEAR && spread(rates.map(({ alarms }) => alarms)) <= NEAR;
}

/** @param {number[]} values */
function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** @param {number[]} percents */
export function isCalledEqually(percents) {
  return spread(percents) <= 100 * NEAR;
}

/**
 * @param {Desk} desk
 * @returns {Step}
 */
export function thresholdStep(desk) {
  const { groups, stops } = desk.study;
  const asIs = stops[0].groups.map(({ called }) => 100 * (called[0] ?? 0));
  const ways = { as_is: asIs, best_a: bestEqual(groups), best_b: bestRight(groups) };
  const { low, high } = ends(desk.study);
  const [a, b] = [ways.best_a, ways.best_b];
  const inB = groups.map((group, g) => ratesAt(group, b[g]));
  const [hits, alarms] = [mean(inB.map((rates) => rates.hits)), mean(inB.map((rates) => rates.alarms))].map((share) => Math.round(100 * share));
  const bases = [groups[high], groups[low]].map(({ positive }) => Math.round(100 * positive));
  Object.assign(desk.facts, {
    a_alarms_low: desk.percent(ratesAt(groups[low], a[low]).alarms),
    a_alarms_high: desk.percent(ratesAt(groups[high], a[high]).alarms),
    b_called: desk.number(b[high] - b[low]),
    b_hits: desk.number(hits),
    b_alarms: desk.number(alarms),
    b_expected_high: desk.number((hits * bases[0] + alarms * (100 - bases[0])) / 100, 1), // of the rounded figures beside it
    b_expected_low: desk.number((hits * bases[1] + alarms * (100 - bases[1])) / 100, 1),
    b_expected: desk.number(((hits - alarms) * (bases[0] - bases[1])) / 100, 1),
  });
  return {
    options: desk.list("step2.options"),
    right: 2,
    tryOut: () => board(desk, ways),
    measured: () => [costs(desk, ways)],
    printed: () => [costs(desk, ways)],
    links: [],
  };
}

/**
 * The ways and what they cost.
 * @param {Desk} desk
 * @param {Record<string, number[]>} ways
 */
function costs(desk, ways) {
  const { groups } = desk.study;
  const head = [desk.say("step2.way"), desk.say("called"), desk.say("hits"), desk.say("alarms"), desk.say("step2.accuracy")];
  const rows = Object.entries(ways).map(([name, way]) => {
    const rates = ratesOf(desk.study, way);
    const texts = [rates.map(({ called }) => called), rates.map(({ hits }) => hits), rates.map(({ alarms }) => alarms)];
    return [desk.say(`step2.${name}`), ...texts.map((each) => each.map((x) => desk.percent(x)).join(" / ")), desk.percent(accuracyAt(groups, way))];
  });
  const names = groups.map((group) => desk.group(group.name)).join(" / ");
  return table(`${desk.say("step2.table")}: ${names}`, head, rows);
}

/**
 * Sliders of the shares that are called positive, what follows from them, and two lamps.
 * @param {Desk} desk
 * @param {Record<string, number[]>} ways
 */
function board(desk, ways) {
  const { groups } = desk.study;
  let percents = [...ways.as_is];
  const bars = rateBars(desk, ["hits", "alarms"], bar);
  const lamps = ["a", "b"].map((name) => {
    const state = make("strong");
    return { box: make("div", "lamp", make("span", "", desk.say(`step2.lamp_${name}`)), state), state };
  });
  const accuracy = make("strong");
  const trivial = make("p", "found-out");
  const status = make("div", "lamps", ...lamps.map(({ box }) => box), make("div", "lamp", make("span", "", desk.say("step2.accuracy")), accuracy));
  const near = make("p", "note", desk.say("step2.near", { points: desk.percent(NEAR) }));
  status.setAttribute("aria-live", "polite");
  const redraw = () => {
    bars.set(
      ratesOf(desk.study, percents).map((rates) => ({
        called: [rates.called, null, null], hits: [rates.hits, null, null], alarms: [rates.alarms, null, null],
      })), // prettier-ignore
    );
    const states = [isCalledEqually(percents), isEquallyRight(groups, percents)];
    lamps.forEach(({ box, state }, i) => {
      box.classList.toggle("is-on", states[i]);
      state.textContent = desk.say(states[i] ? "step2.on" : "step2.off");
    });
    accuracy.textContent = `${desk.percent(accuracyAt(groups, percents))} ${desk.say("ui.of_100")}`;
    trivial.hidden = !(states[0] && states[1]);
    trivial.textContent = desk.say(mean(percents) < 50 ? "step2.trivial_none" : "step2.trivial_all");
  };
  const sliders = groups.map((group, g) =>
    slider(desk.say("step2.slider", { group: desk.group(group.name) }), { min: 0, max: 100, value: percents[g] }, (value) => desk.number(value), (value) => {
      percents[g] = value;
      redraw();
    }),
  );
  const presets = Object.entries(ways).map(([name, way]) =>
    button(desk.say(`step2.${name}`), () => {
      percents = [...way];
      sliders.forEach((each, g) => each.set(way[g]));
      redraw();
    }),
  );
  redraw();
  const left = make("div", "", ...sliders.map(({ box }) => box), make("div", "buttons", ...presets));
  return make("div", "two", left, make("div", "", status, near, trivial, bars.box));
}
