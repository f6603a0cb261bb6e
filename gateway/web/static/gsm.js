// How much a text weighs on the air, by the rules of channels/gsm.py: 3GPP TS 23.038 and TS 23.040.
const BASIC = new Set(
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà",
);
const EXTENSION = new Set("\f^{}\\[~]|€");
const PLAIN = new Map();
for (const [marks, plain] of [
  ["‘’‚‛′´`‹›", "'"], ["“”„‟″«»", '"'], ["‐‑‒–—―−•·", "-"], ["\t\u00a0\u2002\u2003\u2007\u2009\u202f", " "],
  ["\u00ad\u200b\u200e\u200f\u2060\ufeff", ""], ["°", "o"], ["×", "x"], ["⁄÷", "/"], ["…", "..."], ["©", "(c)"], ["®", "(r)"],
]) for (const mark of marks) PLAIN.set(mark, plain);

const light = (character) => BASIC.has(character) || EXTENSION.has(character);
const plain = (text) => [...text].map((character) => PLAIN.get(character) ?? character).join("");

function parts(widths, limit) {
  let count = 1;
  let used = 0;
  for (const width of widths) {
    if (used + width > limit) [count, used] = [count + 1, 0];
    used += width;
  }
  return { count, left: limit - used };
}

/** {ucs2, segments, left, forcing}: `left` are the units free in the last part, `forcing` what makes it UCS-2. */
export function measure(text) {
  const characters = [...text];
  const forcing = [...new Set(characters.filter((character) => !light(character)))];
  const ucs2 = forcing.length > 0;
  const [alone, several] = ucs2 ? [70, 67] : [160, 153];
  const widths = characters.map((character) => (ucs2 ? character.length : EXTENSION.has(character) ? 2 : 1));
  const used = widths.reduce((sum, width) => sum + width, 0);
  if (used <= alone) return { ucs2, segments: characters.length ? 1 : 0, left: alone - used, forcing };
  const { count, left } = parts(widths, several);
  return { ucs2, segments: count, left, forcing };
}

/** The text without accents and typography, as far as GSM-7 has plain letters for it. */
export function fold(text) {
  return [...text.normalize("NFC")].map((character) => (light(character) ? character : folded(character))).join("");
}

function folded(character) {
  const bare = plain(plain(character).normalize("NFKD"));
  const letters = [...bare].filter((letter) => !/\p{M}/u.test(letter)).join("");
  return bare === "" || (letters !== "" && [...letters].every(light)) ? letters : character;
}
