/** What a tree is called in lists: the name of its folder. */
export function nameOfTree(root: string): string {
  const last = root.split("?", 1)[0]?.split("/").filter(Boolean).pop() ?? root;
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}
