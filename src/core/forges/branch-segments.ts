/** The name of a branch in the path of a URL whose slashes stay as they are: not every proxy lets `%2F` through. */
export function branchSegments(branch: string): string {
  return branch.split('/').map(encodeURIComponent).join('/');
}
