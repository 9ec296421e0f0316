import { createHash } from 'node:crypto';
import { script } from './script.ts';
import { icon, styleSheet } from './style.ts';

export interface Asset {
  readonly path: string;
  readonly type: string;
  readonly body: string;
}

/** What pages load. The name changes with the content, so that a browser may keep it for ever. */
export const assets = {
  style: asset('style', 'css', 'text/css; charset=utf-8', styleSheet),
  script: asset('pages', 'js', 'text/javascript; charset=utf-8', script),
  icon: asset('icon', 'svg', 'image/svg+xml', icon),
} as const satisfies Record<string, Asset>;

function asset(name: string, ending: string, type: string, body: string): Asset {
  const hash = createHash('sha256').update(body).digest('hex').slice(0, 12);
  return { path: `/assets/${name}-${hash}.${ending}`, type, body };
}
