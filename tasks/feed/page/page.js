"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const episode = JSON.parse($("episode").textContent);
  const audio = $("audio"), seek = $("seek"), now = $("now"), done = document.querySelector(".wave rect");
  const words = [...document.querySelectorAll(".turn p span")];
  const starts = words.map((word) => Number(word.dataset.t));
  const chapters = [...document.querySelectorAll(".chapters button")];
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const speeds = [1, 1.25, 1.5, 1.75, 2, 0.75];
  let word = null, turn = null, chapter = null, dragging = false, scrolledAt = -Infinity;

  audio.controls = false;
  audio.hidden = true;
  $("controls").hidden = false;
  document.body.classList.add("scripted");

  const clock = (seconds) => {
    const whole = Math.max(0, Math.floor(seconds)), hours = Math.floor(whole / 3600);
    const rest = [Math.floor(whole / 60) % 60, whole % 60].map((part) => String(part).padStart(2, "0"));
    return hours ? `${hours}:${rest.join(":")}` : `${Number(rest[0])}:${rest[1]}`;
  };
  const spoken = (seconds) => `${Math.floor(seconds / 60)} mín. ${Math.floor(seconds % 60)} sek.`;

  // The last entry that begins at or before `seconds`; -1 before the first.
  const last = (list, seconds) => {
    let low = 0, high = list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (list[middle] <= seconds + 0.02) low = middle + 1; else high = middle;
    }
    return low - 1;
  };

  const follow = (seconds) => {
    const found = words[last(starts, seconds)] ?? null;
    const current = found && seconds < Number(found.dataset.e) + 0.4 ? found : null;
    if (current !== word) {
      word?.classList.remove("now");
      current?.classList.add("now");
      word = current;
    }
    const here = found?.closest(".turn") ?? null;
    if (here === turn) return;
    turn?.classList.remove("here");
    here?.classList.add("here");
    turn = here;
    // Whoever scrolls by hand is reading: leave them alone for a while.
    if (here && !audio.paused && performance.now() - scrolledAt > 6000) {
      here.scrollIntoView({ block: "center", behavior: calm.matches ? "auto" : "smooth" });
    }
  };

  const show = (seconds) => {
    if (!dragging) seek.value = seconds;
    seek.setAttribute("aria-valuetext", spoken(seconds));
    now.textContent = clock(seconds);
    done.setAttribute("width", 1000 * seconds / Math.max(Number(seek.max), 0.001));
    const place = chapters[last(episode.chapters, seconds)] ?? null;
    if (place !== chapter) {
      chapter?.removeAttribute("aria-current");
      place?.setAttribute("aria-current", "true");
      chapter = place;
      $("chapter").textContent = place ? place.querySelector("span").textContent : "";
    }
    follow(seconds);
  };

  const go = (seconds, play = true) => {
    audio.currentTime = Math.min(Math.max(0, seconds), Number(seek.max));
    scrolledAt = -Infinity;
    show(audio.currentTime);
    if (play) audio.play();
  };
  const toggle = () => (audio.paused ? audio.play() : audio.pause());
  const frame = () => {
    show(audio.currentTime);
    if (!audio.paused) requestAnimationFrame(frame);
  };

  audio.addEventListener("play", () => {
    document.body.classList.add("playing");
    $("play").setAttribute("aria-label", "Gera hlé");
    requestAnimationFrame(frame);
  });
  audio.addEventListener("pause", () => {
    document.body.classList.remove("playing");
    $("play").setAttribute("aria-label", "Spila");
  });
  audio.addEventListener("timeupdate", () => show(audio.currentTime));
  audio.addEventListener("loadedmetadata", () => {
    if (Number.isFinite(audio.duration)) seek.max = audio.duration;
    const start = /^#t=(\d+(?:\.\d+)?)$/.exec(location.hash);
    if (start) go(Number(start[1]), false);
  });
  audio.addEventListener("error", () => { $("chapter").textContent = "Ekki tókst að opna hljóðskrána."; });
  $("play").addEventListener("click", toggle);
  $("speed").addEventListener("click", (event) => {
    audio.playbackRate = speeds[(speeds.indexOf(audio.playbackRate) + 1) % speeds.length];
    event.target.textContent = `${String(audio.playbackRate).replace(".", ",")}×`;
  });
  seek.addEventListener("input", () => { dragging = true; show(Number(seek.value)); });
  seek.addEventListener("change", () => { dragging = false; go(Number(seek.value), !audio.paused); });
  document.addEventListener("click", (event) => {
    const skip = event.target.closest("[data-skip]"), place = event.target.closest("[data-t]");
    if (skip) go(audio.currentTime + Number(skip.dataset.skip), !audio.paused);
    else if (place && getSelection().isCollapsed) go(Number(place.dataset.t));
  });
  document.addEventListener("keydown", (event) => {
    if (event.target.closest("button, input, a") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === " " || event.key === "k") { event.preventDefault(); toggle(); }
    else if (event.key === "j") go(audio.currentTime - 15, !audio.paused);
    else if (event.key === "l") go(audio.currentTime + 30, !audio.paused);
  });
  for (const kind of ["wheel", "touchmove"]) {
    addEventListener(kind, () => { scrolledAt = performance.now(); }, { passive: true });
  }
  if ("mediaSession" in navigator) {
    const artwork = episode.image && location.protocol.startsWith("http") ? [{ src: new URL(episode.image, location.href).href }] : [];
    navigator.mediaSession.metadata = new MediaMetadata({ title: episode.title, artist: episode.show, artwork });
    navigator.mediaSession.setActionHandler("seekbackward", () => go(audio.currentTime - 15, !audio.paused));
    navigator.mediaSession.setActionHandler("seekforward", () => go(audio.currentTime + 30, !audio.paused));
  }
  show(0);
})();
