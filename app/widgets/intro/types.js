// What Python sends; a file without imports and exports, so that the checker knows these types everywhere.

/**
 * @typedef {object} PictureDemo
 * @property {"image"} modality
 * @property {Stop[]} stops without a trigger, then at every λ
 * @property {number} chosen index of the stop whose λ was chosen
 * @property {Control | null} control
 * @property {string[]} triggers as data URIs, one per λ
 * @property {number[]} box of the photo in the picture: top, left, height and width as shares of the side
 * @property {PictureExample[]} examples
 * @property {DemoWords} words
 * @property {null} typed
 * @property {number} turn
 * @property {string} problem
 */

/**
 * @typedef {object} SentenceDemo
 * @property {"text"} modality
 * @property {Stop[]} stops without a trigger, then at every λ
 * @property {number} chosen index of the stop whose λ was chosen
 * @property {Control | null} control
 * @property {string[][]} triggers their words, one list per λ
 * @property {boolean} is_behind whether the trigger follows the text
 * @property {boolean} is_nearest whether its words are the nearest ones to learned vectors
 * @property {string} badge the label of the trigger words
 * @property {SentenceExample[]} examples
 * @property {Scores[]} sentences that are scored already
 * @property {string[][]} swaps words for the same thing in different groups
 * @property {DemoWords} words
 * @property {Scores | null} typed the scores of a typed text
 * @property {number} turn the number that this text was sent with
 * @property {string} problem why it has none
 */

/** @typedef {PictureDemo | SentenceDemo} Demo */

/**
 * A position of the slider.
 * @typedef {object} Stop
 * @property {string} name
 * @property {string} tick the name below the slider
 * @property {number | null} gap
 * @property {number | null} accuracy
 * @property {string} apart
 * @property {string} price
 * @property {string} terms
 * @property {string} summary for screen readers
 * @property {Line[]} lines
 */

/**
 * @typedef {object} Line
 * @property {string} name
 * @property {string} value
 */

/**
 * @typedef {object} Control
 * @property {string} name
 * @property {number} gap
 * @property {number} accuracy
 * @property {string} sentence
 */

/**
 * @typedef {object} PictureExample
 * @property {string} name group and label
 * @property {boolean} is_gain
 * @property {string[]} predictions the predicted class at every stop, as text
 * @property {boolean[]} is_right whether the prediction is right, at every stop
 * @property {string} large drawn for the eye
 * @property {string} seen the classifier's pixels without the trigger
 * @property {string | null} framed those with the trigger
 */

/**
 * @typedef {object} SentenceExample
 * @property {string} name group and label
 * @property {boolean} is_gain
 * @property {string[]} predictions the predicted class at every stop, as text
 * @property {boolean[]} is_right whether the prediction is right, at every stop
 * @property {Scores} scores
 */

/**
 * @typedef {object} Scores
 * @property {string} text
 * @property {number[]} probabilities at every stop
 * @property {number | null} control with random words
 */

/**
 * @typedef {object} DemoWords
 * @property {string} task
 * @property {string} slider
 * @property {string} chosen
 * @property {string} base
 * @property {string} x_title
 * @property {string} y_title
 * @property {string} chart
 * @property {string} drag
 * @property {string} without
 * @property {string} with_
 * @property {string} lock
 * @property {string} another
 * @property {string} loss
 * @property {string} ratio
 * @property {string} note
 * @property {string} right
 * @property {string} wrong
 * @property {string} input
 * @property {string} swap
 * @property {string} score
 * @property {string} control
 * @property {string} waiting
 * @property {string} seen
 * @property {string} drawn
 * @property {string[]} called
 */
