import type { FakeCall } from './server.ts';

export interface PageCut<T> {
  readonly items: readonly T[];
  /** 1-based. */
  readonly page: number;
  readonly perPage: number;
  readonly pages: number;
  /** URL of the next page (already bent by a fault), or undefined on the last. */
  readonly next: string | undefined;
}

/** Cuts one page by `page` and a size parameter; `maxPerPage` is the forge's own cap, which it applies without a word. */
export function cutPage<T>(
  call: FakeCall,
  all: readonly T[],
  options: { readonly maxPerPage: number; readonly sizeParameter: string },
): PageCut<T> {
  const asked = Number(call.url.searchParams.get(options.sizeParameter) ?? options.maxPerPage);
  const perPage = Math.min(asked, options.maxPerPage);
  const page = Number(call.url.searchParams.get('page') ?? 1);
  const pages = Math.max(1, Math.ceil(all.length / perPage));
  const items = all.slice((page - 1) * perPage, page * perPage);
  if (page >= pages) return { items, page, perPage, pages, next: undefined };
  const next = new URL(call.url);
  next.searchParams.set('page', String(page + 1));
  return { items, page, perPage, pages, next: call.nextPage(next.href) };
}

/** The `Link` header of GitHub, GitLab and Gitea; an empty object where there is no next page. */
export function linkHeader(cut: PageCut<unknown>): Record<string, string> {
  return cut.next === undefined ? {} : { link: `<${cut.next}>; rel="next"` };
}
