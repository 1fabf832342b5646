/** The editor's URI of a file of a tree under review. */
import { Uri } from "vscode";
import { placeInTree } from "../../../server/src/protocol/tree-address.ts";

export function fileUri(root: string, file: string): Uri {
  const place = placeInTree(root, file);
  return Uri.joinPath(Uri.parse(place.folder), place.path);
}
