/** Keeps the last bytes of a stream in a fixed piece of memory. */
export class TailBuffer {
  readonly #bytes: Buffer;
  #end = 0;
  #length = 0;

  constructor(size: number) {
    this.#bytes = Buffer.alloc(size);
  }

  get length(): number {
    return this.#length;
  }

  push(chunk: Buffer): void {
    const size = this.#bytes.length;
    const kept = chunk.subarray(Math.max(0, chunk.length - size));
    const fits = Math.min(kept.length, size - this.#end);
    kept.copy(this.#bytes, this.#end, 0, fits);
    kept.copy(this.#bytes, 0, fits);
    this.#end = (this.#end + kept.length) % size;
    this.#length = Math.min(size, this.#length + kept.length);
  }

  /** A copy of the last `count` bytes, or of all that there are. */
  last(count = this.#length): Buffer {
    const wanted = Math.min(count, this.#length);
    const size = this.#bytes.length;
    const start = (this.#end - wanted + size) % size;
    if (start + wanted <= size) return Buffer.from(this.#bytes.subarray(start, start + wanted));
    return Buffer.concat([this.#bytes.subarray(start), this.#bytes.subarray(0, this.#end)]);
  }
}
