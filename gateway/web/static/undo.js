// An answer that can still be taken back: the seconds go down quietly, and then the button goes.
for (const flash of document.querySelectorAll("[data-undo]")) {
  const until = performance.now() + Number(flash.dataset.undo) * 1000;
  const form = flash.querySelector("form");
  const seconds = form.querySelector("span");
  const tick = () => {
    const left = Math.ceil((until - performance.now()) / 1000);
    if (left > 0) {
      seconds.textContent = ` ${left}`;
      setTimeout(tick, 250);
    } else {
      form.remove();
      flash.querySelector("[role=status]").textContent = flash.dataset.left;
    }
  };
  tick();
}
