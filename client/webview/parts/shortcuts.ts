/** The panel's keys, as data: the help lists exactly what the keyboard does. */

export type Command =
  | "forward"
  | "back"
  | "forwardPage"
  | "backPage"
  | "first"
  | "last"
  | "play"
  | "faster"
  | "slower"
  | "choose"
  | "extend"
  | "explore"
  | "cancel"
  | "failing"
  | "passing"
  | "byHand"
  | "loop"
  | "reveal"
  | "catalogue"
  | "copy"
  | "paste"
  | "text"
  | "exports"
  | "help";

export interface Shortcut {
  readonly command: Command;
  /** KeyboardEvent.key values. */
  readonly keys: readonly string[];
  readonly shown: readonly string[];
  readonly about: string;
}

export const SHORTCUTS: readonly Shortcut[] = [
  { command: "forward", keys: ["ArrowDown", "ArrowRight", "j"], shown: ["↓", "→", "j"], about: "one step on" },
  { command: "back", keys: ["ArrowUp", "ArrowLeft", "k"], shown: ["↑", "←", "k"], about: "one step back" },
  { command: "forwardPage", keys: ["PageDown"], shown: ["Page Down"], about: "ten steps on" },
  { command: "backPage", keys: ["PageUp"], shown: ["Page Up"], about: "ten steps back" },
  { command: "first", keys: ["Home"], shown: ["Home"], about: "initial state" },
  { command: "last", keys: ["End"], shown: ["End"], about: "last state" },
  { command: "play", keys: [" "], shown: ["Space"], about: "play, pause" },
  { command: "faster", keys: ["+", "="], shown: ["+"], about: "play faster" },
  { command: "slower", keys: ["-"], shown: ["-"], about: "play slower" },
  {
    command: "choose",
    keys: ["1", "2", "3", "4", "5", "6", "7", "8", "9"],
    shown: ["1", "…", "9"],
    about: "choose who goes next",
  },
  { command: "extend", keys: ["g"], shown: ["g"], about: "run on from here, threads taking turns" },
  { command: "explore", keys: ["e"], shown: ["e"], about: "explore all interleavings" },
  { command: "cancel", keys: ["Escape"], shown: ["Esc"], about: "stop exploring or playing" },
  { command: "failing", keys: ["f"], shown: ["f"], about: "show the failing run" },
  { command: "passing", keys: ["p"], shown: ["p"], about: "show a passing run" },
  { command: "byHand", keys: ["h"], shown: ["h"], about: "start a run by hand" },
  { command: "loop", keys: ["l"], shown: ["l"], about: "go to where the loop begins" },
  { command: "reveal", keys: ["Enter"], shown: ["Enter"], about: "show the step's source line" },
  { command: "catalogue", keys: ["/", "o"], shown: ["/", "o"], about: "catalogue of races and designs" },
  { command: "copy", keys: ["c"], shown: ["c"], about: "copy the trace string" },
  { command: "paste", keys: ["v"], shown: ["v"], about: "open a trace string" },
  { command: "text", keys: ["t"], shown: ["t"], about: "the trace as text" },
  { command: "exports", keys: ["x"], shown: ["x"], about: "export" },
  { command: "help", keys: ["?"], shown: ["?"], about: "this help" },
];

const BY_KEY = new Map(SHORTCUTS.flatMap(({ command, keys }) => keys.map((key) => [key, command] as const)));

/**
 * The command of a key press. None while typing, in a dialog, with a modifier, and where the focused control has a use
 * of its own for the key (a button's Enter and Space, a list's and slider's arrows).
 */
export function commandOf(event: KeyboardEvent): Command | undefined {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return undefined;
  const target = event.target;
  const command = BY_KEY.get(event.key);
  if (!(target instanceof Element)) return command;
  // A dialog that has closed keeps the focus until the next picture, when there was nothing to give it back to.
  if (target.closest("dialog:not([open])")) return command;
  if (target.closest("dialog") || target.closest("input[type=number], input[type=text], textarea")) return undefined;
  if ((event.key === " " || event.key === "Enter") && target.closest("button, summary, a")) return undefined;
  if (target.closest("select, input[type=range], [role=menu]") && !/^[a-z?/]$/.test(event.key)) return undefined;
  if (target.closest("select") && event.key !== "?") return undefined;
  return command;
}
