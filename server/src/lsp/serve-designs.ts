/** Answers the request for the table of designs, and finds the model of one of its cells. */
import type { CancellationToken, Connection } from "vscode-languageserver";
import { designOfModelId, isDesignModelId } from "../core/extract/filesystem/design-models.ts";
import type { RaceModel } from "../core/race/model.ts";
import { DESIGNS_REQUEST, type DesignsParams, type DesignsResult } from "../protocol/designs.ts";
import type { RequestToken, RootReview } from "./root-review.ts";

export function serveDesigns(connection: Connection, reviewOf: (root: string) => RootReview | undefined): void {
  connection.onRequest(
    DESIGNS_REQUEST,
    async (params: DesignsParams, token: CancellationToken): Promise<DesignsResult> => {
      if (typeof params?.root !== "string" || typeof params.filesystem !== "string") return null;
      const asked = { name: "designs", filesystem: params.filesystem } as const;
      return (await reviewOf(params.root)?.query(asked, token)) ?? null;
    },
  );
}

/** The filesystem whose table holds the cell; undefined when the tree has none. */
export function filesystemOfCell(root: RootReview | undefined, id: string): string | undefined {
  if (!isDesignModelId(id)) return undefined;
  return root?.latest?.review.implementations.find((entry) => designOfModelId(id, entry.filesystem) !== null)
    ?.filesystem;
}

/** Null when the id names no cell of a filesystem of this tree. */
export async function modelOfCell(root: RootReview, id: string, token: RequestToken): Promise<RaceModel | null> {
  const filesystem = filesystemOfCell(root, id);
  const cell = filesystem === undefined ? null : designOfModelId(id, filesystem);
  if (filesystem === undefined || cell === null) return null;
  return root.query({ name: "designModel", filesystem, ...cell }, token);
}
