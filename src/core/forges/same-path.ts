/** Paths of repositories on forges that take no heed of case (GitHub, Gitea): `Acme/App` is `acme/app`. */
export function samePath(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
