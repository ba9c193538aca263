'use strict';
(() => {
  const STEP_MS = 5000;
  const LARGEST_ZOOM = 32;
  // From here on the finer marks of time have room.
  const FINE_ZOOM = 8;
  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const calls = all('.call');
  const audio = new Audio();
  const player = one('#player');
  const toggle = one('#toggle');
  const seek = one('#seek');
  let shown = null;
  let loaded = null;
  let address = null;

  const duration = () => Number(shown.dataset.duration);
  const clock = (ms) => {
    const tenths = Math.floor(ms / 100);
    const seconds = Math.floor(tenths / 10) % 60;
    const minutes = Math.floor(tenths / 600) % 60;
    const hours = Math.floor(tenths / 36000);
    const two = (number) => String(number).padStart(2, '0');
    const front = hours ? `${hours}:${two(minutes)}` : `${minutes}`;
    return `${front}:${two(seconds)}.${tenths % 10}`;
  };

  /** Makes the audio of the call on show the one that plays. */
  const load = () => {
    const sound = one('.sound', shown);
    if (loaded === shown || !sound) return Boolean(sound);
    const text = atob(sound.textContent);
    const bytes = new Uint8Array(text.length);
    for (let at = 0; at < bytes.length; at += 1) bytes[at] = text.charCodeAt(at);
    if (address) URL.revokeObjectURL(address);
    address = URL.createObjectURL(new Blob([bytes], { type: 'audio/wav' }));
    audio.src = address;
    audio.playbackRate = audio.defaultPlaybackRate = Number(one('#speed').value);
    loaded = shown;
    return true;
  };

  const position = () => (loaded === shown ? audio.currentTime * 1000 : 0);

  const moveTo = (ms) => {
    if (!load()) return;
    audio.currentTime = Math.min(Math.max(ms, 0), duration()) / 1000;
    draw();
  };

  const play = () => {
    if (!load()) return;
    // A play that the next pause overtakes is no failure.
    audio.play().catch((failure) => {
      if (failure.name !== 'AbortError') throw failure;
    });
  };

  const playFrom = (ms) => {
    moveTo(ms);
    play();
  };

  const draw = () => {
    const ms = position();
    const head = one('.playhead', shown);
    head.hidden = loaded !== shown;
    head.style.left = `${(100 * ms) / duration()}%`;
    seek.value = ms;
    seek.setAttribute('aria-valuetext', clock(ms));
    one('#time').textContent = `${clock(ms)} / ${clock(duration())}`;
    for (const turn of all('.turn', shown)) {
      const now = loaded === shown && ms >= turn.dataset.start && ms < turn.dataset.end;
      turn.classList.toggle('now', now);
      if (now) turn.setAttribute('aria-current', 'true');
      else turn.removeAttribute('aria-current');
    }
  };

  const follow = () => {
    const scroll = one('.scroll', shown);
    const track = one('.track', shown);
    const at = (track.clientWidth * position()) / duration();
    const ahead = at - scroll.scrollLeft;
    if (ahead < 0 || ahead > scroll.clientWidth) scroll.scrollLeft = at - scroll.clientWidth / 8;
  };

  const run = () => {
    draw();
    if (audio.paused) return;
    follow();
    requestAnimationFrame(run);
  };

  const showState = () => {
    player.classList.toggle('playing', !audio.paused);
    toggle.setAttribute('aria-label', audio.paused ? 'Play' : 'Pause');
    run();
  };

  const show = (call) => {
    if (call === shown) return;
    audio.pause();
    shown = call;
    for (const other of calls) other.hidden = other !== call;
    for (const link of all('nav a')) {
      if (link.hash === `#${call.id}`) link.setAttribute('aria-current', 'true');
      else link.removeAttribute('aria-current');
    }
    player.hidden = !one('.sound', call);
    seek.max = duration();
    draw();
  };

  const showAddressed = () => {
    const target = document.getElementById(location.hash.slice(1));
    const call = target && target.closest('.call');
    show(call || shown || calls[0]);
    if (call) target.scrollIntoView();
  };

  const zoomBy = (factor, call) => {
    const track = one('.track', call);
    const scroll = one('.scroll', call);
    const before = Number(track.dataset.zoom || 1);
    const zoom = Math.min(Math.max(before * factor, 1), LARGEST_ZOOM);
    const middle = (scroll.scrollLeft + scroll.clientWidth / 2) / before;
    track.dataset.zoom = zoom;
    track.classList.toggle('zoomed', zoom >= FINE_ZOOM);
    track.style.width = `${zoom * 100}%`;
    scroll.scrollLeft = middle * zoom - scroll.clientWidth / 2;
    one('.out', call).disabled = zoom === 1;
    one('.in', call).disabled = zoom === LARGEST_ZOOM;
  };

  const openAll = (button, call) => {
    const open = button.getAttribute('aria-pressed') !== 'true';
    for (const wait of all('.wait', call)) wait.open = open;
    button.setAttribute('aria-pressed', String(open));
  };

  const clicked = (event, call) => {
    const { target } = event;
    const part = target.closest('[data-play]');
    const track = target.closest('.track');
    if (track && !part) {
      const box = track.getBoundingClientRect();
      playFrom(((event.clientX - box.left) / box.width) * duration());
      return;
    }
    const selecting = String(getSelection()) !== '';
    if (!part || selecting || target.closest('summary')) return;
    playFrom(Number(part.dataset.play));
    // Space after a click pauses; on a button that the keyboard came to, it presses that.
    if (event.detail > 0) target.blur?.();
  };

  const pressed = (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || player.hidden) return;
    const { target, key } = event;
    if (target.closest('select')) return;
    const move = { ArrowLeft: -STEP_MS, ArrowRight: STEP_MS }[key];
    if (move) {
      moveTo(position() + move);
      follow();
    } else if (key === ' ' && !target.closest('button, summary, a')) {
      if (audio.paused) play();
      else audio.pause();
    } else {
      return;
    }
    event.preventDefault();
  };

  for (const call of calls) {
    call.addEventListener('click', (event) => clicked(event, call));
    const button = one('.all-waits', call);
    button.hidden = !one('.wait', call);
    button.addEventListener('click', () => openAll(button, call));
    one('.zoom', call).hidden = false;
    one('.out', call).disabled = true;
    one('.out', call).addEventListener('click', () => zoomBy(1 / 2, call));
    one('.in', call).addEventListener('click', () => zoomBy(2, call));
  }
  for (const name of ['play', 'pause', 'ended', 'seeked', 'loadedmetadata']) {
    audio.addEventListener(name, showState);
  }
  toggle.addEventListener('click', () => (audio.paused ? play() : audio.pause()));
  seek.addEventListener('input', () => moveTo(Number(seek.value)));
  one('#speed').addEventListener('change', (event) => {
    audio.playbackRate = audio.defaultPlaybackRate = Number(event.target.value);
  });
  addEventListener('keydown', pressed);
  addEventListener('hashchange', showAddressed);
  if (calls.length > 0) showAddressed();
})();
