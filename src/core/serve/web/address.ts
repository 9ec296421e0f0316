export type Query = Readonly<Record<string, string | number | undefined>>;

/** Makes addresses of this server: the path is percent-encoded by the caller, empty parts of the query are left out. */
export type Address = (path: string, query?: Query) => string;

export function addressOf(prefix: string): Address {
  return (path, query = {}) => {
    const parts = new URLSearchParams();
    for (const [name, value] of Object.entries(query))
      if (value !== undefined && value !== '') parts.set(name, String(value));
    const text = parts.toString();
    return `${prefix}${path}${text === '' ? '' : `?${text}`}`;
  };
}

export function runPath(id: string): string {
  return `/runs/${encodeURIComponent(id)}`;
}

export function deliveryPath(guid: string): string {
  return `/deliveries/${encodeURIComponent(guid)}`;
}
