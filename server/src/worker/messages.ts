/** Between the language server's thread and the one that reviews a tree. */
import type { Answer, Query } from "../core/query/queries.ts";
import type { Progress } from "../index/review-session.ts";
import type { ReviewDelta } from "./review-delta.ts";

/** To the reviewing thread, in order. */
export type WorkerRequest =
  | { readonly t: "document"; readonly path: string; readonly text: string | null }
  | { readonly t: "files"; readonly paths: readonly string[] }
  /** `cancel` is one shared 32-bit flag: a busy thread reads it without receiving a message. */
  | { readonly t: "review"; readonly id: number; readonly cancel: Int32Array }
  | { readonly t: "query"; readonly id: number; readonly query: Query; readonly cancel: Int32Array };

/** From it. */
export type WorkerAnswer =
  | { readonly t: "progress"; readonly id: number; readonly progress: Progress }
  | { readonly t: "partial"; readonly id: number; readonly delta: ReviewDelta }
  | { readonly t: "reviewed"; readonly id: number; readonly delta: ReviewDelta }
  | { readonly t: "answered"; readonly id: number; readonly answer: Answer | null }
  | { readonly t: "cancelled"; readonly id: number }
  | { readonly t: "failed"; readonly id: number; readonly message: string; readonly stack: string }
  | { readonly t: "log"; readonly line: string };

/** What the reviewing thread is started with. */
export interface WorkerStart {
  readonly folder: string;
  /** Folder of the kernel's tree, and where in it the folder's files stand, for a filesystem outside of one. */
  readonly kernel?: { readonly folder: string; readonly mount: string };
  readonly respectGitignore: boolean;
  readonly exclude: readonly string[];
  readonly maxFiles: number;
  readonly simulate: "none" | "all";
  /** Folder in which reviews are kept from one start to the next. */
  readonly cache: string;
}

/** One end of a channel; both worker_threads and browser workers can be seen as this. */
export interface Port<Out, In> {
  post(message: Out): void;
  onMessage(listener: (message: In) => void): void;
}
