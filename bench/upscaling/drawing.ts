import sharp from 'sharp';
import type { RgbFrames } from '../../src/util/rgb.ts';

/** A drawing as people make them: flat colours, outlines of several widths, lettering. */
const scene = (
  shift: number,
) => `<svg xmlns="http://www.w3.org/2000/svg" width="512" height="384" viewBox="${shift} 0 512 384">
<rect x="-99" width="700" height="384" fill="#8fd3f4"/><circle cx="410" cy="80" r="46" fill="#ffe066" stroke="#222" stroke-width="3"/>
<path d="M-90 290 Q90 190 180 270 T360 250 T602 280 V384 H-90Z" fill="#6bbf59" stroke="#222" stroke-width="3"/>
<path d="M-90 330 Q130 270 260 330 T602 320 V384 H-90Z" fill="#3f8f4f" stroke="#222" stroke-width="2"/>
<g stroke="#222" stroke-width="3"><ellipse cx="200" cy="210" rx="80" ry="92" fill="#f6c9a0"/>
<path d="M120 200 Q130 90 205 100 Q290 95 282 205 Q250 150 200 160 Q150 150 120 200Z" fill="#7a3b2e"/>
<ellipse cx="170" cy="215" rx="13" ry="19" fill="#fff"/><ellipse cx="232" cy="215" rx="13" ry="19" fill="#fff"/>
<circle cx="173" cy="218" r="6" fill="#123"/><circle cx="229" cy="218" r="6" fill="#123"/>
<path d="M170 262 Q202 290 236 260" fill="none"/><path d="M198 232 l-6 14 h12" fill="none" stroke-width="2"/></g>
<path d="M330 330 L350 180 L372 330Z M350 180 L310 220 M350 200 L395 225" fill="#b5651d" stroke="#222" stroke-width="2"/>
<g fill="none" stroke="#c22" stroke-width="1"><path d="M20 20 L120 60 M20 40 L130 40 M30 20 L60 110"/><circle cx="70" cy="70" r="30"/></g>
<text x="300" y="150" font-family="sans-serif" font-size="22" fill="#222">Kinora 1908</text>
<text x="300" y="172" font-family="sans-serif" font-size="12" fill="#113">thin lines, flat colours</text></svg>`;

/** The drawing, as a camera sees it that goes to the right by a pixel and a bit a frame. */
export async function drawnClip(count: number): Promise<RgbFrames> {
  const frames: Uint8Array[] = [];
  for (let at = 0; at < count; at++) {
    frames.push(
      new Uint8Array(
        await sharp(Buffer.from(scene(at * 1.3)))
          .removeAlpha()
          .raw()
          .toBuffer(),
      ),
    );
  }
  return { width: 512, height: 384, frames };
}
