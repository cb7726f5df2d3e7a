/** Runs in the page: seeks through the last clip and compares two frames as they are drawn. */
export const clipScript = `(async () => {
  const clip = [...document.querySelectorAll('video')].at(-1);
  if (clip.readyState < 2) await new Promise((resolve) => clip.addEventListener('loadeddata', resolve, { once: true }));
  const { duration, videoWidth, videoHeight, muted, loop, controls } = clip;
  // A looping clip seeks by itself, and the news of that may come when another place is sought already.
  const seeked = async () => {
    while (clip.seeking) await new Promise((resolve) => clip.addEventListener('seeked', resolve, { once: true }));
  };
  clip.pause();
  await seeked();
  const drawn = () => {
    const canvas = document.createElement('canvas');
    canvas.width = videoWidth;
    canvas.height = videoHeight;
    const context = canvas.getContext('2d');
    context.drawImage(clip, 0, 0);
    return context.getImageData(0, 0, videoWidth, videoHeight).data;
  };
  const seek = async (time) => {
    clip.currentTime = time;
    await seeked();
  };
  await seek(0);
  const first = drawn();
  await seek(duration * 0.75);
  // A busy browser has the frame of the place it sought a little later than the news that it has sought.
  let difference = 0;
  for (let tries = 0; difference === 0 && tries < 60; tries++) {
    await new Promise(requestAnimationFrame);
    const last = drawn();
    difference = first.reduce((sum, value, index) => sum + Math.abs(value - last[index]), 0) / first.length;
  }
  return { duration, videoWidth, videoHeight, muted, loop, controls, difference };
})()`;

/** What {@link clipScript} finds. `difference` is the mean over all bytes, 0 to 255. */
export interface ClipFindings {
  duration: number;
  videoWidth: number;
  videoHeight: number;
  muted: boolean;
  loop: boolean;
  controls: boolean;
  difference: number;
}
