// What happens when the page is opened.

if (data.kind === "table") columns.forEach((column, place) => byId("fields").append(field(column, place)));
else if (data.kind === "pictures") drawing();
else byId("numbers").addEventListener("input", update);
byId("language").addEventListener("click", () => { language = language === "ko" ? "en" : "ko"; speak(); });
byId("example").addEventListener("click", nextExample);
speak();
predictor(data).then((found) => {
  predict = found;
  const difference = checked();
  byId("checked").textContent = difference.toExponential(1);
  byId("check").dataset.say = difference < 1e-4 ? "checked" : "failed";
  if (data.own_examples || data.kind === "table") nextExample();
  else if (data.kind === "pictures") { byId("example").hidden = true; byId("clear").click(); }
  else update();
  speak();
}).catch((error) => {
  byId("check").dataset.say = "old";
  byId("checked").textContent = String(error);
  speak();
});
