/**
 * False where a forge's JSON cannot hold the name of a file byte for byte: bytes that are no UTF-8 were replaced, or the whole name was
 * quoted as git does it (`"src/\351"`, git-config(1), core.quotePath). A pattern for `src/` would not match such a name.
 */
export function isExactPath(path: string): boolean {
  return !path.includes('\uFFFD') && !path.startsWith('"');
}
