/** Levels of one channel in the 6×6×6 cube of the 256 colours (16 to 231); 232 to 255 are greys. */
const levels = [0, 95, 135, 175, 215, 255] as const;

/**
 * The colour of 16 to 255 that comes nearest. A style sheet has a class for each of these; one for each of 16 million colours would need
 * style attributes, which the pages' Content-Security-Policy forbids.
 */
export function nearestColour(red: number, green: number, blue: number): number {
  const [r, g, b] = [nearestLevel(red), nearestLevel(green), nearestLevel(blue)];
  const cube = distance(red, green, blue, levels[r] ?? 0, levels[g] ?? 0, levels[b] ?? 0);
  const step = Math.min(23, Math.max(0, Math.round(((red + green + blue) / 3 - 8) / 10)));
  const grey = 8 + step * 10;
  return distance(red, green, blue, grey, grey, grey) < cube ? 232 + step : 16 + 36 * r + 6 * g + b;
}

/** `#rrggbb` of 16 to 255. The first sixteen are the style sheet's own, so that they can be read on its background. */
export function paletteHex(index: number): string {
  if (index >= 232) return hex(8 + (index - 232) * 10).repeat(3);
  const cube = index - 16;
  const parts = [Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6];
  return parts.map((part) => hex(levels[part] ?? 0)).join('');
}

function nearestLevel(value: number): number {
  let best = 0;
  for (const [index, level] of levels.entries())
    if (Math.abs(level - value) < Math.abs((levels[best] ?? 0) - value)) best = index;
  return best;
}

function distance(r: number, g: number, b: number, red: number, green: number, blue: number): number {
  return (r - red) ** 2 + (g - green) ** 2 + (b - blue) ** 2;
}

function hex(value: number): string {
  return value.toString(16).padStart(2, '0');
}
