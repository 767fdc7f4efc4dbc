import { make, table } from "./dom.js";

/**
 * A sentence or list of a language, by its key with dots; undefined where there is none.
 * @param {unknown} sentences
 * @param {string} key
 */
export function find(sentences, key) {
  let found = sentences;
  for (const part of key.split(".")) found = /** @type {Record<string, unknown> | undefined} */ (found)?.[part];
  return found;
}

/**
 * @param {string} text with names in braces
 * @param {Record<string, string>} values
 */
export function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/**
 * Sentences and numbers of one language; those of the study come first.
 * @param {string} language
 * @param {unknown} sentences
 * @param {LessonStudy} study
 * @param {Answers} answers
 * @param {() => void} save
 * @returns {Desk}
 */
export function desk(language, sentences, study, answers, save) {
  /** @param {string} key */
  const look = (key) => find(sentences, `${study.key}.${key}`) ?? find(sentences, key);
  /** @type {Record<string, string>} */
  const facts = {};
  /** @type {Desk["number"]} */
  const number = (value, digits = 0) => {
    const shown = new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
    return /^-0([.,]0+)?$/.test(shown) ? shown.slice(1) : shown.replace("-", "−");
  };
  return {
    study,
    language,
    answers,
    save,
    facts,
    number,
    say: (key, values = {}) => fill(String(look(key) ?? key), { ...facts, ...values }),
    points: (key, points) => {
      const text = number(hundred(points));
      return fill(String(look(text === "1" ? `${key}_one` : key)), { points: text });
    },
    list: (key) => /** @type {string[]} */ (look(key) ?? []).map((text) => fill(text, facts)),
    has: (key) => look(key) !== undefined,
    percent: (share, digits = 0) => (share == null ? "–" : number(hundred(share), digits)),
    group: (name) => String(look(`groups.${name}`) ?? name),
  };
}

/**
 * A share as a number of 100. A half is rounded up everywhere: 0.285 is 28.5 here, and not the 28.499999 of a machine.
 * @param {number} share
 */
export function hundred(share) {
  return Math.round(1e8 * share) / 1e6;
}

/**
 * The groups with the smallest and the largest share of positive rows.
 * @param {LessonStudy} study
 */
export function ends(study) {
  const order = [...study.groups.keys()].sort((i, j) => study.groups[i].positive - study.groups[j].positive);
  return { low: order[0], high: order[order.length - 1] };
}

/**
 * The largest difference of some shares, in points, between their whole numbers of 100: those that stand beside it.
 * @param {number[]} shares
 */
export function apart(shares) {
  const shown = shares.map((share) => Math.round(hundred(share)));
  return (Math.max(...shown) - Math.min(...shown)) / 100;
}

/**
 * The measured figures as text, by the names that the sentences use.
 * @param {Desk} desk
 */
export function gatherFacts(desk) {
  const { study, percent, number } = desk;
  const { low, high } = ends(study);
  const base = study.stops[0];
  const chosen = study.stops.find((stop) => stop.is_chosen) ?? base;
  /** @type {Record<string, string>} */
  const found = {};
  /** A figure under its name, and the ends of its interval. @param {string} name @param {Measured} measured @param {number} [digits] */
  const tell = (name, measured, digits = 0) => {
    const [value, low, high] = measured;
    const ends = { low: percent(low, digits), high: percent(high, digits) };
    found[name] = percent(value, digits);
    found[`${name}_ends`] = low == null ? "" : desk.say("ui.range", ends);
    found[`${name}_range`] = low == null ? "" : desk.say("ui.interval", ends);
  };
  const accuracy = base.accuracy[0] ?? 0;
  const rare = study.groups[low].share * study.groups[low].positive;
  Object.assign(found, {
    positive: desk.say("positive"), negative: desk.say("negative"),
    n: number(study.n), accuracy: percent(accuracy), frozen: number(study.frozen),
    worst_hits: percent(base.groups[low].hits[0]), best_hits: percent(base.groups[high].hits[0]),
    worst_after: percent(chosen.groups[low].hits[0]),
    count_worst: percent(rare), all_wrong: percent(accuracy - rare * (base.groups[low].hits[0] ?? 0)),
    base_low: percent(study.groups[low].positive), base_high: percent(study.groups[high].positive),
    gap_first: percent(study.stops[1]?.gap[0]), noise: percent(chosen.noise),
    lam: number(chosen.lam ?? 0, Number.isInteger(chosen.lam) ? 0 : 2),
    gained: number(study.flips[0]), lost: number(study.flips[1]),
  }); // prettier-ignore
  tell("gap0", base.gap);
  tell("gap1", chosen.gap);
  tell("acc0", base.accuracy);
  tell("acc1", chosen.accuracy);
  tell("levelled", study.levelled);
  if (study.look) {
    const { conditions, control, rest, explained } = study.look;
    const sign = (rest[0] ?? 0) < 0 ? -1 : 1; // a share may fall: then the rest is told as a positive number of points
    const distance = rest.map((each) => (each === null ? null : sign * each));
    for (const { name, value } of conditions) {
      tell(`look_${name}`, value);
      if (name === control) tell("look_control", value);
    }
    tell("explained", explained);
    tell("rest", sign < 0 ? [distance[0], distance[2], distance[1]] : distance, 1);
    for (const { name, value } of study.look.other) tell(`other_${name}`, value);
  }
  Object.assign(desk.facts, found);
}

/**
 * The rates of all groups at one place, with intervals: hits, then false alarms, then how many are called so.
 * @param {Desk} desk
 * @param {("hits" | "alarms" | "called")[]} kinds
 * @param {(name: string) => { row: HTMLElement, set: (value: number | null, shown: string, measured?: Measured) => void, markAt: (value: number | null) => void }} newBar
 */
export function rateBars(desk, kinds, newBar) {
  const box = make("div", "bars");
  const blocks = kinds.map((kind) => {
    const spread = make("span", "apart");
    const block = make("div", "block", make("div", "heading", make("h4", "", desk.say(kind)), spread));
    const bars = desk.study.groups.map((group) => newBar(desk.group(group.name)));
    block.append(...bars.map((each) => each.row));
    box.append(block);
    return { kind, spread, bars };
  });
  /** @param {Record<string, Measured>[]} rates of every group */
  const set = (rates) => {
    for (const { kind, spread, bars } of blocks) {
      const values = rates.map((each) => each[kind][0]);
      const known = values.filter((value) => value !== null);
      spread.textContent = desk.points("ui.points_apart", apart(known));
      bars.forEach((each, i) => {
        const [value, low, high] = rates[i][kind];
        const interval = low == null ? "" : ` (${desk.say("ui.range", { low: desk.percent(low), high: desk.percent(high) })})`;
        each.set(value, desk.percent(value) + interval, rates[i][kind]);
      });
    }
  };
  /** @param {Record<string, Measured>[]} rates where they were at first */
  const markAt = (rates) => blocks.forEach(({ kind, bars }) => bars.forEach((each, i) => each.markAt(rates[i][kind][0])));
  return { box, set, markAt };
}

/**
 * The rates of all groups as a table with intervals, for paper.
 * @param {Desk} desk
 * @param {string} caption
 * @param {LessonRates[]} rates of every group
 */
export function rateTable(desk, caption, rates) {
  /** @param {Measured} measured */
  const cell = ([value, low, high]) =>
    desk.percent(value) + (low == null ? "" : ` (${desk.say("ui.range", { low: desk.percent(low), high: desk.percent(high) })})`);
  const rows = rates.map(({ hits, alarms }, g) => [desk.group(desk.study.groups[g].name), cell(hits), cell(alarms)]);
  return table(`${caption}: ${desk.say("ui.of_100")} (${desk.say("ui.interval_name")})`, ["", desk.say("hits"), desk.say("alarms")], rows);
}
