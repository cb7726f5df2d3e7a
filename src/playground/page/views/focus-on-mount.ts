/** For lit's `ref`: gives the focus to an element when it appears. */
export function focusOnMount(element?: Element): void {
  if (!(element instanceof HTMLElement)) return;
  // It is put into the page after this call.
  queueMicrotask(() => element.focus());
}
