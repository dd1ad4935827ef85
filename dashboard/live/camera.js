// The live page's script, run by gr.HTML with `element`, `props` (props.value is this page's token) and `server`.
// Three frames at most are on their way: while one is worked on, the one before is drawn and the one after is sent, so that
// neither browser nor server waits for the other. A frame of the camera for which there is no place is dropped.

const LONGEST_SIDE = 640; // pixels of the frames that are sent
const JPEG_QUALITY = 0.85;
const WINDOW = 2000; // milliseconds over which figures are averaged
const REDRAW = 250; // milliseconds between two changes of the figures: more often nobody could read them
const AT_ONCE = 3; // frames on their way
const EARLY = 17; // milliseconds, half a camera's frame: how much sooner than the server is free the next frame may be sent
const EASE = 0.2; // the weight of the latest frame in the running mean of the server's work

const part = (name) => element.querySelector(`[data-live="${name}"]`);
const video = part("video");
const canvas = document.createElement("canvas");

let stream = null;
let running = false;
let session = 0; // counts the starts, so that an answer to a frame of an older one is known
let onTheWay = 0;
let sentLast = 0; // when the last frame was sent
let workTime = 0; // milliseconds that the server works on a frame, a running mean
let newest = -1; // index of the last frame that was shown
let drawing = Promise.resolve(); // the frames before this one are on the screen
let reports = []; // [index, milliseconds from camera to screen] of frames shown since the last message
let shown = []; // [when, latency, server milliseconds] of the frames of the last WINDOW
let count = 0;
let drawn = 0;

function say(words, kind = "") {
  const status = part("status");
  if (status.textContent === words && status.dataset.kind === kind) return; // a change costs a layout
  status.textContent = words;
  status.dataset.kind = kind;
}

function setRunning(value) {
  running = value;
  part("start").hidden = value;
  part("stop").hidden = !value;
  part("snapshot").disabled = !value;
}

// Resolves with the time at which the browser got the frame from the camera, on performance.now()'s clock.
function nextFrame() {
  return new Promise((resolve) => {
    if (!video.requestVideoFrameCallback) {
      requestAnimationFrame((now) => resolve(now));
      return;
    }
    video.requestVideoFrameCallback((now, about) => {
      const age = now - about.captureTime;
      resolve(age >= 0 && age < 1000 ? about.captureTime : now);
    });
  });
}

function takePicture() {
  const scale = Math.min(1, LONGEST_SIDE / Math.max(video.videoWidth, video.videoHeight));
  canvas.width = Math.round(video.videoWidth * scale);
  canvas.height = Math.round(video.videoHeight * scale);
  canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL("image/jpeg", JPEG_QUALITY);
}

// Draws the answer; resolves when its pictures are decoded.
async function show(answer) {
  const stage = part("stage");
  if (stage.querySelectorAll("figure").length !== answer.pictures.length) {
    stage.replaceChildren(
      ...answer.pictures.map(() => {
        const figure = document.createElement("figure");
        figure.append(document.createElement("img"), document.createElement("figcaption"));
        return figure;
      }),
    );
  }
  const figures = [...stage.querySelectorAll("figure")];
  await Promise.all(
    answer.pictures.map((picture, slot) => {
      const image = figures[slot].querySelector("img");
      image.alt = `The camera's picture with the faces and emotions that ${picture.model} reads`;
      if (figures[slot].lastChild.textContent !== picture.caption) figures[slot].lastChild.textContent = picture.caption;
      image.src = picture.address;
      return image.decode();
    }),
  );
  if (answer.timeline !== null) part("timeline").innerHTML = answer.timeline;
  say(answer.faces ? `${answer.faces} face${answer.faces === 1 ? "" : "s"}` : "No face found. Look into the camera; light from the front helps.", answer.faces ? "" : "none");
}

const middle = (values) => values.slice().sort((a, b) => a - b)[Math.floor(values.length / 2)];

function countFrame(answer, captured) {
  // The animation frame in which the decoded picture is painted.
  requestAnimationFrame(() => {
    const now = performance.now();
    reports.push([answer.index, now - captured]);
    shown.push([now, now - captured, answer.server_ms]);
    shown = shown.filter(([when]) => now - when <= WINDOW);
    count += 1;
    if (now - drawn < REDRAW) return;
    drawn = now;
    const span = now - shown[0][0];
    part("fps").textContent = span > 0 ? ((1000 * (shown.length - 1)) / span).toFixed(1) : "–";
    part("latency").textContent = middle(shown.map((item) => item[1])).toFixed(0);
    part("server").textContent = middle(shown.map((item) => item[2])).toFixed(0);
    part("count").textContent = count;
  });
}

// Sent much faster than the server works, frames would only wait there and be older when they are shown.
const mayTake = () => onTheWay < AT_ONCE && performance.now() - sentLast >= workTime - EARLY;

async function run() {
  const mine = session;
  while (running && mine === session) {
    const captured = await nextFrame();
    if (running && mine === session && mayTake()) exchange(captured, mine);
  }
}

// One frame's way from the camera to the screen.
async function exchange(captured, mine) {
  onTheWay += 1;
  sentLast = performance.now();
  await sendAndShow(captured, mine);
  if (mine === session) onTheWay -= 1;
}

async function sendAndShow(captured, mine) {
  const image = takePicture();
  const sent = reports;
  reports = [];
  let answer = null;
  try {
    answer = await server.read_frame({ token: props.value, image, taken: captured, reports: sent });
  } catch {
    // said below: no answer
  }
  if (!running || mine !== session) return;
  if (!answer || answer.error) {
    await stop(answer ? answer.error : "The server does not answer; check that it runs, then start the camera again.");
    return;
  }
  if (answer.skipped) {
    reports = sent.concat(reports);
    return;
  }
  workTime += EASE * (answer.worked_ms - workTime);
  drawing = drawing.then(() => draw(answer, captured, mine));
  await drawing;
}

// Frames are drawn one after the other; one that was overtaken is not.
async function draw(answer, captured, mine) {
  if (!running || mine !== session || answer.index < newest) return;
  newest = answer.index;
  try {
    await show(answer);
  } catch {
    return; // the browser could not decode it; the next one comes
  }
  countFrame(answer, captured);
}

async function start() {
  part("start").disabled = true;
  try {
    if (!navigator.mediaDevices) throw new Error("This browser gives no camera to this address; use https or 127.0.0.1.");
    say("Asking for the camera …");
    stream = await navigator.mediaDevices.getUserMedia({
      video: { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 } },
      audio: false,
    });
    video.srcObject = stream;
    await video.play();
    say("Loading the model …");
    for (let tries = 0; !props.value && tries < 200; tries += 1) await new Promise((resolve) => setTimeout(resolve, 100));
    if (!props.value) throw new Error("The server has not said who this page is; reload it.");
    const answer = await server.begin_session({ token: props.value });
    if (!answer || answer.error) throw new Error(answer ? answer.error : "The server does not answer; check that it runs.");
    stream.getTracks().forEach((track) => track.addEventListener("ended", () => stop("The camera was taken away.")));
    reports = [];
    shown = [];
    count = 0;
    session += 1;
    onTheWay = 0;
    sentLast = 0;
    workTime = 0;
    newest = -1;
    part("report").replaceChildren();
    part("save").disabled = false;
    setRunning(true);
    run();
  } catch (error) {
    release();
    const refused = { NotAllowedError: "The browser may not use the camera; allow it beside the address.", NotFoundError: "No camera was found; plug one in.", NotReadableError: "The camera is in use by another program; close that one." };
    say(refused[error.name] || error.message, "error");
  } finally {
    part("start").disabled = false;
  }
}

function release() {
  if (stream) stream.getTracks().forEach((track) => track.stop());
  stream = null;
  video.srcObject = null;
}

async function stop(reason) {
  if (!running) return;
  setRunning(false);
  release();
  say(reason || "The camera is off.", reason ? "error" : "");
  const answer = await server.end_session({ token: props.value, reports });
  if (answer && answer.report) part("report").innerHTML = answer.report;
}

function save(name, href) {
  const link = document.createElement("a");
  link.href = href;
  link.download = name;
  link.click();
}

async function saveTable() {
  const answer = await server.session_table({ token: props.value });
  if (!answer || answer.error) {
    say(answer ? answer.error : "The server does not answer; check that it runs.", "error");
    return;
  }
  const address = URL.createObjectURL(new Blob([answer.table], { type: "text/csv" }));
  save("ferlens-session.csv", address);
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

// Whether the dashboard answers this browser, which may reach it where the server cannot, and the other way round.
async function answers(link) {
  try {
    await fetch(new URL("/_stcore/health", link), { mode: "no-cors", cache: "no-store", signal: AbortSignal.timeout(5000) });
    return true;
  } catch {
    return false;
  }
}

async function snapshot() {
  const answer = await server.snapshot({ token: props.value });
  if (!answer || answer.error) {
    say(answer ? answer.error : "The server does not answer; check that it runs.", "error");
    return;
  }
  const picture = document.createElement("img");
  picture.src = answer.picture;
  picture.alt = "The snapshot";
  const open = document.createElement("a");
  open.href = answer.link;
  open.target = "_blank";
  open.rel = "noopener";
  open.dataset.live = "explain";
  open.textContent = "Open in Explain";
  const keep = document.createElement("a");
  keep.href = answer.picture;
  keep.download = "ferlens-snapshot.jpg";
  keep.textContent = "Save the picture";
  const words = document.createElement("span");
  words.textContent = "Held in the server's memory for ten minutes.";
  words.dataset.live = "held";
  const box = document.createElement("div");
  box.className = "live-shot";
  box.append(picture, open, keep, words);
  part("shot").replaceChildren(box);
  if (await answers(open.href)) return;
  words.textContent = `No dashboard answers at ${new URL(open.href).origin}: start it there (make dashboard), or serve this page with --dashboard and its address. The snapshot is held for ten minutes.`;
  words.dataset.kind = "error";
}

part("start").addEventListener("click", start);
part("stop").addEventListener("click", () => stop());
part("save").addEventListener("click", saveTable);
part("snapshot").addEventListener("click", snapshot);
window.addEventListener("pagehide", () => {
  running = false;
  release();
});
