/** The `Co-authored-by:` trailers of a commit message: who else claims (or is claimed) to have written it, by name and address. */
export function coAuthorsOf(message: string): readonly { readonly name: string; readonly email: string }[] {
  const trailers = message.matchAll(/^co-authored-by:([^<\r\n]*)<([^<>\r\n]+)>[ \t]*\r?$/gim);
  return Array.from(trailers, ([, name = '', email = '']) => ({ name: name.trim(), email: email.trim() }));
}
