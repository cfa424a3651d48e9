"use strict";
// Elements, numbers and times. Everything shown is a text node: nothing that the server sends is ever markup.

const NONE = "–";
const NBSP = "\u00a0";
/** Our clock, which nobody can set back, and how far the server's is ahead of it, in ms. */
const steady = () => performance.timeOrigin + performance.now();
let clockAhead = 0;
const now = () => steady() + clockAhead;

/** The element of that id; an element is itself. */
const $ = (it) => (typeof it === "string" ? document.getElementById(it) : it);
const on = (it, event, handle) => $(it).addEventListener(event, handle);

/** Attributes that are functions become listeners, children that are text become text nodes. */
const el = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
const svg = (tag, attributes, ...children) => fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
const button = (label, click, cls) => el("button", { class: cls, click }, label);

function fill(node, attributes, children) {
	for (const [name, value] of Object.entries(attributes || {})) {
		if (typeof value === "function") on(node, name, value);
		else if (known(value)) node.setAttribute(name, value);
	}
	node.append(...children.filter(known));
	return node;
}

/** What has not changed is not laid out again. */
function say(it, text) {
	const node = $(it);
	if (node.textContent !== text) node.textContent = text;
}

function show(it, visible) {
	const node = $(it);
	if (node.hidden === Boolean(visible)) node.hidden = !visible;
}

function sayTime(it, text, at) {
	say(it, text);
	const title = iso(at);
	if ($(it).title !== title) $(it).title = title;
}

/** Shows it only if there is something to say. */
function tell(it, text) {
	say(it, text);
	show(it, text);
}

const known = (value) => value !== null && value !== undefined && !Number.isNaN(value);

function count(value) {
	if (!known(value)) return NONE;
	if (value < 1e4) return String(Math.round(value * 100) / 100);
	return value < 1e6 ? Math.round(value / 1e3) + NBSP + "k" : (value / 1e6).toFixed(1) + NBSP + "M";
}

function rate(value) {
	if (!known(value)) return NONE;
	if (value <= 0) return "0";
	if (value < 0.05) return "<0.1";
	return value < 10 ? value.toFixed(1) : count(Math.round(value));
}

function percent(share) {
	if (!known(share)) return NONE;
	const value = share * 100;
	return value.toFixed(value > 0 && value < 10 && value % 1 ? 1 : 0) + NBSP + "%";
}

function millis(value) {
	if (!known(value)) return NONE;
	if (value < 1000) return (value > 0 && value < 1 ? "<1" : Math.round(value)) + NBSP + "ms";
	return value < 1e4 ? (value / 1000).toFixed(1) + NBSP + "s" : span(value);
}

/** A length of time in its two largest units. */
function span(length) {
	let rest = Math.max(0, Math.round(length / 1000));
	const units = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
	const at = units.findIndex(([, size]) => rest >= size);
	const parts = [];
	for (const [unit, size] of at < 0 ? [] : units.slice(at, at + 2)) {
		const n = Math.floor(rest / size);
		rest -= n * size;
		if (n) parts.push(n + NBSP + unit);
	}
	return parts.join(" ") || "0" + NBSP + "s";
}

/** Over a minute, by the minute: it changes rarely. */
function age(at) {
	if (!known(at)) return NONE;
	const length = Math.max(0, now() - at);
	return span(length < 6e4 ? length : length - (length % 6e4));
}

function countdown(at) {
	if (!known(at)) return NONE;
	return at <= now() ? "due" : span(Math.ceil((at - now()) / 1000) * 1000);
}

const isTime = (at) => Number.isFinite(at) && Math.abs(at) <= 8.64e15;
const iso = (at) => (isTime(at) ? new Date(at).toISOString() : "");
// Sweden writes times as ISO does.
const local = new Intl.DateTimeFormat("sv", { dateStyle: "short", timeStyle: "medium" });
const clock = (at) => (isTime(at) ? local.format(at).slice(-8) : NONE);

/** With its date when that is not today's. */
const moment = (at) => (isTime(at) && !local.format(now()).startsWith(local.format(at).slice(0, 10)) ? local.format(at) : clock(at));

const words = (key) => String(key).replaceAll("_", " ");
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
const factLabel = (key) => capital(words(key.replace(/_(ms|seconds|per_second)$/, "")));

/** In words, by the unit that the end of the key tells. */
function fact(key, value) {
	if (!known(value)) return NONE;
	if (typeof value === "boolean") return value ? "yes" : "no";
	if (/^(mode|trip_rule|connection_state)$/.test(key)) return words(value);
	if (typeof value !== "number") return String(value);
	if (/_(at|since)$/.test(key)) return `${moment(value)} (${value > now() ? "in " + countdown(value) : age(value) + " ago"})`;
	if (/_ms$/.test(key)) return millis(value);
	if (/_per_second$/.test(key)) return rate(value) + "/s";
	if (/_(share|ratio|ratio_limit)$/.test(key)) return percent(value);
	if (/_seconds$/.test(key)) return span(value * 1000);
	return value.toLocaleString("en");
}
