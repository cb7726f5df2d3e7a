const marginPx = 8;

/** For lit's `ref`: puts a floating element at a point, but inside the window. */
export function placedAt({ left, top }: { left: number; top: number }) {
  return (element?: Element): void => {
    if (!(element instanceof HTMLElement)) return;
    const place = () => {
      const { width, height } = element.getBoundingClientRect();
      element.style.left = `${Math.max(marginPx, Math.min(left, innerWidth - width - marginPx))}px`;
      element.style.top = `${Math.max(marginPx, Math.min(top, innerHeight - height - marginPx))}px`;
    };
    // It is put into the page after this call.
    queueMicrotask(place);
  };
}
