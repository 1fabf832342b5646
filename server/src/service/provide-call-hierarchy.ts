/** Call hierarchy of eviction: upwards to reclaim, downwards to what it reaches, through tables of methods. */
import {
  type CallHierarchyIncomingCall,
  type CallHierarchyItem,
  type CallHierarchyOutgoingCall,
  SymbolKind,
} from "vscode-languageserver";
import type { HierarchyCall, HierarchyItem } from "../core/query/queries.ts";
import { pathIn, spanRange, uriOf } from "./tree-location.ts";
import { rangeToSpan } from "./tree-span.ts";

/** What an item carries from one request to the next: the client hands it back unread. */
interface ItemData {
  readonly root: string;
  readonly filesystem: string;
}

export function toHierarchyItem(root: string, item: HierarchyItem): CallHierarchyItem {
  const data: ItemData = { root, filesystem: item.filesystem };
  return {
    name: item.function,
    kind: SymbolKind.Function,
    detail: item.detail,
    uri: uriOf(root, item.file),
    range: spanRange(item.span),
    selectionRange: spanRange(item.selection),
    data,
  };
}

/** The item that a client hands back, with the tree it belongs to; null when it is not one of ours. */
export function fromHierarchyItem(
  item: CallHierarchyItem,
): { readonly root: string; readonly item: HierarchyItem } | null {
  const data = item.data as Partial<ItemData> | null | undefined;
  if (typeof data?.root !== "string" || typeof data.filesystem !== "string") return null;
  const file = pathIn(data.root, item.uri);
  if (file === null) return null;
  return {
    root: data.root,
    item: {
      function: item.name,
      file,
      span: rangeToSpan(item.range),
      selection: rangeToSpan(item.selectionRange),
      detail: item.detail ?? "",
      filesystem: data.filesystem,
    },
  };
}

/** Ranges stand in the caller, as the protocol wants them for both directions. */
export function toIncomingCalls(root: string, calls: readonly HierarchyCall[]): CallHierarchyIncomingCall[] {
  return calls.map(({ item, ranges }) => ({ from: toHierarchyItem(root, item), fromRanges: ranges.map(spanRange) }));
}

export function toOutgoingCalls(root: string, calls: readonly HierarchyCall[]): CallHierarchyOutgoingCall[] {
  return calls.map(({ item, ranges }) => ({ to: toHierarchyItem(root, item), fromRanges: ranges.map(spanRange) }));
}
