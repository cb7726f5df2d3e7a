import type { GrowthPoint } from '../sections/growth.ts';

/** One curve of measured points. */
export interface Curve {
  label: string;
  points: readonly GrowthPoint[];
}

/** seconds ≈ factor · atᵉˣᵖᵒⁿᵉⁿᵗ, by least squares of the logarithms. */
export function fitPower(points: readonly GrowthPoint[]): { factor: number; exponent: number } {
  const logs = points.map(({ at, seconds }) => ({ x: Math.log(at), y: Math.log(seconds) }));
  const { slope, intercept } = fitLine(logs);
  return { factor: Math.exp(intercept), exponent: slope };
}

/** y ≈ intercept + slope · x, by least squares. */
export function fitLine(points: readonly { x: number; y: number }[]): { slope: number; intercept: number } {
  const meanX = points.reduce((sum, { x }) => sum + x, 0) / points.length;
  const meanY = points.reduce((sum, { y }) => sum + y, 0) / points.length;
  const above = points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0);
  const below = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
  const slope = above / below;
  return { slope, intercept: meanY - slope * meanX };
}

const panel = { width: 360, height: 260, left: 52, right: 12, top: 34, bottom: 38 };

/** Log-log plots beside each other, each with its fitted line, as SVG. */
export function growthPlot(curves: readonly Curve[]): string {
  const width = panel.width * curves.length;
  const body = curves.map((curve, at) => `<g transform="translate(${at * panel.width} 0)">${drawPanel(curve)}</g>`);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${panel.height}" font-family="sans-serif" font-size="11">`,
    '<title>Seconds of one UNet call by frames and by size, both axes logarithmic</title>',
    `<rect width="${width}" height="${panel.height}" fill="#fff"/>`,
    ...body,
    '</svg>\n',
  ].join('\n');
}

function drawPanel({ label, points }: Curve): string {
  const { factor, exponent } = fitPower(points);
  const x = logScale(
    points.map(({ at }) => at),
    [panel.left, panel.width - panel.right],
  );
  const y = logScale(
    points.map(({ seconds }) => seconds),
    [panel.height - panel.bottom, panel.top],
  );
  const [first, last] = [points[0]?.at ?? 1, points.at(-1)?.at ?? 1];
  const fitted = (at: number) => `${x(at).toFixed(1)} ${y(factor * at ** exponent).toFixed(1)}`;
  const dots = points.map(({ at, seconds }) => {
    const [cx, cy] = [x(at).toFixed(1), y(seconds).toFixed(1)];
    return [
      `<circle cx="${cx}" cy="${cy}" r="3.5" fill="#2563eb"/>`,
      `<text x="${cx}" y="${Number(cy) - 8}" text-anchor="middle">${seconds.toFixed(1)} s</text>`,
      `<text x="${cx}" y="${panel.height - panel.bottom + 14}" text-anchor="middle">${at}</text>`,
    ].join('');
  });
  const [axisX, axisY] = [panel.left, panel.height - panel.bottom];
  return [
    `<text x="${panel.width / 2}" y="16" text-anchor="middle" font-weight="bold">${label}: exponent ${exponent.toFixed(2)}</text>`,
    `<path d="M${axisX} ${panel.top}V${axisY}H${panel.width - panel.right}" fill="none" stroke="#888"/>`,
    `<path d="M${fitted(first)}L${fitted(last)}" stroke="#f59e0b" stroke-width="2" fill="none"/>`,
    ...dots,
    `<text x="14" y="${panel.height / 2}" text-anchor="middle" transform="rotate(-90 14 ${panel.height / 2})">seconds</text>`,
  ].join('\n');
}

/** Maps values to a span by their logarithms, with a little air at both ends. */
function logScale(values: readonly number[], [from, to]: [number, number]): (value: number) => number {
  const [low, high] = [Math.log(Math.min(...values)), Math.log(Math.max(...values))];
  const air = (high - low) * 0.12;
  return (value) => from + ((Math.log(value) - low + air) / (high - low + 2 * air)) * (to - from);
}
