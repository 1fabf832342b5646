/** Text of others (a file's content, a path, a parser's message) as part of a message of one line. */

/** ASCII and Latin-1 control characters, and the line ends that JavaScript knows besides. */
const CONTROL = /[\p{Cc}\u2028\u2029]/gu;

/** Control characters are written as JSON writes them: a line end does not break a message, an escape no terminal. */
export function oneLine(text: string): string {
  return text.replace(CONTROL, escapeCharacter);
}

function escapeCharacter(character: string): string {
  const json = JSON.stringify(character).slice(1, -1);
  // JSON leaves DEL, C1 and the two separators as they are.
  return json === character ? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}` : json;
}
