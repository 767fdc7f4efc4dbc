import { make } from "./dom.js";

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
      const text = number(100 * points);
      return fill(String(look(text === "1" ? `${key}_one` : key)), { points: text });
    },
    list: (key) => /** @type {string[]} */ (look(key) ?? []).map((text) => fill(text, facts)),
    has: (key) => look(key) !== undefined,
    percent: (share, digits = 0) => (share == null ? "–" : number(100 * share, digits)),
    group: (name) => String(look(`groups.${name}`) ?? name),
  };
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
  const shown = shares.map((share) => Math.round(100 * share));
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
  /** @param {Measured} measured @param {number} [digits] */
  const range = (measured, digits = 0) =>
    measured[1] == null ? "" : desk.say("ui.interval", { low: percent(measured[1], digits), high: percent(measured[2], digits) });
  const accuracy = base.accuracy[0] ?? 0;
  const rare = study.groups[low].share * study.groups[low].positive;
  const whole = { wrong: 100 - Math.round(100 * (accuracy - rare * (base.groups[low].hits[0] ?? 0))), rare: Math.round(100 * rare) };
  /** @type {Record<string, string>} */
  const found = {
    positive: desk.say("positive"), wrong_if: number(whole.wrong), others_wrong: number(whole.wrong - whole.rare),
    n: number(study.n), accuracy: percent(accuracy), learned: number(study.learned), frozen: number(study.frozen),
    worst_hits: percent(base.groups[low].hits[0]), worst_hits_range: range(base.groups[low].hits),
    best_hits: percent(base.groups[high].hits[0]), best_hits_range: range(base.groups[high].hits),
    worst_after: percent(chosen.groups[low].hits[0]), worst_after_range: range(chosen.groups[low].hits),
    count_worst: percent(rare), all_wrong: number(100 - whole.wrong),
    base_low: percent(study.groups[low].positive), base_high: percent(study.groups[high].positive),
    gap_first: percent(study.stops[1]?.gap[0]), gap0: percent(base.gap[0]), gap0_range: range(base.gap), gap1: percent(chosen.gap[0]), gap1_range: range(chosen.gap),
    acc0: percent(accuracy), acc0_range: range(base.accuracy), acc1: percent(chosen.accuracy[0]), acc1_range: range(chosen.accuracy),
    noise: percent(chosen.noise), lam: number(chosen.lam ?? 0, Number.isInteger(chosen.lam) ? 0 : 2),
    gained: number(study.flips[0]), lost: number(study.flips[1]),
    levelled: percent(study.levelled[0]), levelled_range: range(study.levelled),
  }; // prettier-ignore
  if (study.look) {
    const { conditions, control, rest, explained } = study.look;
    /** @param {string} name */
    const value = (name) => conditions.find((each) => each.name === name)?.value ?? [null, null, null];
    const sign = (rest[0] ?? 0) < 0 ? -1 : 1; // a share may fall: then the rest is told as a positive number of points
    const distance = rest.map((each) => (each === null ? null : sign * each));
    const [without, withTrigger] = [value("without")[0] ?? 0, value("trigger")[0] ?? 0];
    for (const { name, value: measured } of conditions) {
      found[`look_${name}`] = percent(measured[0]);
      found[`look_${name}_range`] = range(measured);
      found[`${name}_explained`] = percent(((measured[0] ?? 0) - without) / (withTrigger - without || 1));
    }
    Object.assign(found, {
      look_without_rest: number(100 - Math.round(100 * without)),
      look_control: percent(value(control)[0]), look_control_range: range(value(control)),
      explained: percent(explained[0]), explained_range: range(explained),
      rest: percent(distance[0], 1), rest_range: range(sign < 0 ? [distance[0], distance[2], distance[1]] : distance, 1),
    }); // prettier-ignore
    for (const each of study.look.other) {
      const name = each.name === control ? "control" : each.name;
      found[`other_${name}`] = percent(each.value[0]);
      found[`other_${name}_range`] = range(each.value);
    }
  }
  study.probe?.values.forEach((values, i) =>
    values.forEach((value, j) => (found[`probe${i + 1}_${study.probe?.conditions[j]}`] = percent(value))),
  );
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
