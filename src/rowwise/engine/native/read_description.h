// The dictionaries of network_description.py → a NetworkDescription; a key that is unknown or missing, and a value of
// another type or out of range, is refused by its name. Every key is required: its default is Python's to state.
#pragma once
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include <cmath>
#include <map>
#include <set>
#include <string>

#include "description.h"
#include "plan.h"

namespace rowwise {

namespace nb = nanobind;

template <class Value>
using Names = std::map<std::string, Value>;

inline const Names<Activation> kActivations{
    {"linear", Activation::linear}, {"relu", Activation::relu},       {"leaky_relu", Activation::leaky_relu},
    {"elu", Activation::elu},       {"gelu", Activation::gelu},       {"silu", Activation::silu},
    {"tanh", Activation::tanh},     {"sigmoid", Activation::sigmoid}, {"softmax", Activation::softmax}};
inline const Names<Loss> kLosses{{"sparse_categorical_crossentropy", Loss::sparse_crossentropy},
                                 {"categorical_crossentropy", Loss::crossentropy},
                                 {"binary_crossentropy", Loss::binary_crossentropy},
                                 {"mean_squared_error", Loss::mse},
                                 {"mean_absolute_error", Loss::mae},
                                 {"poisson_deviance", Loss::poisson},
                                 {"pinball", Loss::pinball},
                                 {"ordered_crossentropy", Loss::ordered}};
inline const Names<Kind> kKinds{{"dense", Kind::dense},
                                {"batch_normalization", Kind::batch_normalization},
                                {"layer_normalization", Kind::layer_normalization},
                                {"addition", Kind::addition}};
inline const Names<Rule> kRules{{"adam", Rule::adam}, {"nadam", Rule::nadam}, {"lion", Rule::lion},
                                {"sgd", Rule::sgd},   {"rmsprop", Rule::rmsprop}};

constexpr int kMostUnits = 1 << 30;  // rows and columns are counted in int, padding included
constexpr int kMostThreads = 256;

[[noreturn]] inline void refuse(const std::string& message) { throw nb::value_error(message.c_str()); }

// The fields of one dictionary; `path` is where it stands in the whole description.
class Fields {
 public:
  Fields(nb::handle dictionary, const std::string& path) : path_(path) {
    if (!PyDict_Check(dictionary.ptr())) refuse_value(path, "a dictionary", dictionary);
    dictionary_ = nb::borrow<nb::dict>(dictionary);
  }

  std::string name_of(const char* key) const { return path_.empty() ? key : path_ + "." + key; }

  nb::handle take(const char* key) {
    if (!dictionary_.contains(key)) refuse(name_of(key) + ": missing");
    taken_.insert(key);
    return PyDict_GetItemString(dictionary_.ptr(), key);
  }
  void read(const char* key, bool& to) {
    const nb::handle value = take(key);
    if (!PyBool_Check(value.ptr())) refuse_value(name_of(key), "a bool", value);
    to = value.ptr() == Py_True;
  }
  void read(const char* key, double& to) { to = number(name_of(key), take(key)); }
  void read(const char* key, int& to, int most) {
    to = whole_number(name_of(key), take(key), most);
  }
  void read(const char* key, std::vector<int>& to, int most) {
    to.clear();
    for (nb::handle value : sequence(key)) to.push_back(whole_number(name_of(key), value, most));
  }
  void read(const char* key, std::vector<double>& to) {
    for (nb::handle value : sequence(key)) to.push_back(number(name_of(key), value));
  }
  template <class Value>
  void read(const char* key, Value& to, const Names<Value>& names) {
    const nb::handle value = take(key);
    if (!PyUnicode_Check(value.ptr())) refuse_value(name_of(key), "a str", value);
    const auto at = names.find(nb::cast<std::string>(value));
    if (at == names.end()) refuse_value(name_of(key), "one of " + listed(names), value);
    to = at->second;
  }
  nb::handle sequence(const char* key) {
    const nb::handle value = take(key);
    if (!PyTuple_Check(value.ptr()) && !PyList_Check(value.ptr())) refuse_value(name_of(key), "a tuple", value);
    return value;
  }

  // After all known keys were taken.
  void refuse_others() const {
    for (const auto& [key, value] : dictionary_) {
      const std::string name = nb::cast<std::string>(nb::str(key));
      if (!PyUnicode_Check(key.ptr()) || !taken_.count(name))
        refuse(name_of(name.c_str()) + ": unknown; expected " + listed(taken_));
    }
  }

 private:
  static bool is_int(nb::handle value) { return PyLong_Check(value.ptr()) && !PyBool_Check(value.ptr()); }
  static int whole_number(const std::string& name, nb::handle value, int most) {
    if (!is_int(value)) refuse_value(name, "an int", value);
    int overflow = 0;
    const long long whole = PyLong_AsLongLongAndOverflow(value.ptr(), &overflow);
    if (overflow || whole < 1 || whole > most) refuse_value(name, "1 to " + std::to_string(most), value);
    return int(whole);
  }
  static double number(const std::string& name, nb::handle value) {
    if (!PyFloat_Check(value.ptr()) && !is_int(value)) refuse_value(name, "a float", value);
    const double number = PyFloat_AsDouble(value.ptr());
    if (PyErr_Occurred()) throw nb::python_error();
    if (!std::isfinite(number)) refuse_value(name, "a finite number", value);
    return number;
  }
  [[noreturn]] static void refuse_value(const std::string& name, const std::string& expected, nb::handle value) {
    refuse((name.empty() ? "description" : name) + ": expected " + expected + ", received " +
           nb::cast<std::string>(nb::repr(value)));
  }
  static const std::string& key_of(const std::string& key) { return key; }
  template <class Value>
  static const std::string& key_of(const std::pair<const std::string, Value>& entry) {
    return entry.first;
  }
  template <class Keys>
  static std::string listed(const Keys& keys) {
    std::string all;
    for (const auto& key : keys) all += (all.empty() ? "" : ", ") + key_of(key);
    return all;
  }

  nb::dict dictionary_;
  std::string path_;
  std::set<std::string> taken_;
};

inline LayerDescription read_layer(nb::handle dictionary, const std::string& path) {
  Fields fields(dictionary, path);
  LayerDescription layer;
  fields.read("kind", layer.kind, kKinds);
  fields.read("back", layer.back, kMostUnits);
  fields.read("inputs", layer.inputs, kMostUnits);
  fields.read("units", layer.units, kMostUnits);
  fields.read("activation", layer.activation, kActivations);
  fields.read("leak", layer.leak);
  fields.read("kernel", layer.kernel);
  fields.read("bias", layer.bias);
  fields.read("momentum", layer.momentum);
  fields.read("epsilon", layer.epsilon);
  fields.read("dropout", layer.dropout);
  fields.read("kernel_l1", layer.kernel_l1);
  fields.read("kernel_l2", layer.kernel_l2);
  fields.read("bias_l1", layer.bias_l1);
  fields.read("bias_l2", layer.bias_l2);
  fields.read("kernel_decays", layer.kernel_decays);
  fields.read("bias_decays", layer.bias_decays);
  fields.read("bfloat16", layer.bfloat16);
  fields.read("rounds_outputs", layer.rounds_outputs);
  fields.refuse_others();
  if (!(layer.dropout >= 0 && layer.dropout < 1)) refuse(fields.name_of("dropout") + ": expected a share in [0, 1)");
  return layer;
}

inline LossDescription read_loss(nb::handle dictionary, const std::string& path) {
  Fields fields(dictionary, path);
  LossDescription loss;
  fields.read("name", loss.kind, kLosses);
  fields.read("from_logits", loss.from_logits);
  fields.read("label_smoothing", loss.label_smoothing);
  fields.read("levels", loss.levels);
  fields.refuse_others();
  return loss;
}

inline OptimizerDescription read_optimizer(nb::handle dictionary, const std::string& path) {
  Fields fields(dictionary, path);
  OptimizerDescription optimizer;
  fields.read("rule", optimizer.rule, kRules);
  fields.read("beta_1", optimizer.beta_1);
  fields.read("beta_2", optimizer.beta_2);
  fields.read("epsilon", optimizer.epsilon);
  fields.read("momentum", optimizer.momentum);
  fields.read("nesterov", optimizer.nesterov);
  fields.read("rho", optimizer.rho);
  fields.read("weight_decay", optimizer.weight_decay);
  fields.read("global_clipnorm", optimizer.global_clipnorm);
  fields.read("clipnorm", optimizer.clipnorm);
  fields.read("clipvalue", optimizer.clipvalue);
  fields.read("averages", optimizer.averages);
  fields.refuse_others();
  return optimizer;
}

// What the passes take for granted of the layers: whose outputs each takes, of how many units, and none in vain.
inline void check_layers(const NetworkDescription& d) {
  const int layers = int(d.layers.size());
  std::vector<int> readers(layers + 1);  // of the records, then of each layer
  for (int i = 0; i < layers; ++i)
    for (const int back : d.layers[i].back)
      if (back <= i + 1) ++readers[i + 1 - back];
  for (int i = 0; i < layers; ++i) {
    const LayerDescription& l = d.layers[i];
    const std::string name = "layers[" + std::to_string(i) + "].";
    const bool dense = l.kind == Kind::dense;
    if (l.back.empty() || (l.back.size() > 1 && l.kind != Kind::addition))
      refuse(name + "back: expected one layer, or several for an addition");
    for (const int back : l.back) {
      if (back > i + 1)
        refuse(name + "back: expected 1 to " + std::to_string(i + 1) + ", received " + std::to_string(back));
      const int units = back == i + 1 ? d.layers[0].inputs : d.layers[i - back].units;
      if (l.inputs != units)
        refuse(name + "inputs: expected " + std::to_string(units) + ", the units of " +
               (back == 1 ? "the layer before" : back == i + 1 ? "the records" : "the layer that it takes") +
               ", received " + std::to_string(l.inputs));
      if (d.bytes && !dense && back == i + 1) refuse("bytes: expected Dense layers alone to take the records");
      if (l.dropout > 0 && dense && readers[i + 1 - back] > 1)
        refuse(name + "dropout: expected inputs that no other layer takes");
    }
    if (!dense && l.units != l.inputs)
      refuse(name + "units: expected as many as inputs, received " + std::to_string(l.units));
    if (l.dropout > 0 && (l.back.size() > 1 || l.is_normalization()))
      refuse(name + "dropout: expected a Dense layer, or an addition of one");
    if (l.epsilon < 0) refuse(name + "epsilon: expected 0 or more");
  }
  for (int i = 0; i + 1 < layers; ++i)
    if (readers[i + 1] == 0) refuse("layers[" + std::to_string(i) + "].units: expected a layer that takes them");
  if (d.layers[0].back != std::vector<int>(d.layers[0].back.size(), 1)) refuse("layers[0].back: expected the records");
}

// What the passes take for granted of a description as a whole.
inline void check_description(const NetworkDescription& d) {
  if (d.layers.empty()) refuse("layers: expected at least one");
  check_layers(d);
  const LayerDescription& last = d.layers.back();
  const bool crossentropy = d.loss.kind == Loss::sparse_crossentropy || d.loss.kind == Loss::crossentropy;
  if (crossentropy && !d.loss.from_logits && last.activation != Activation::softmax)
    refuse("loss.from_logits: expected True, because the last layer is no softmax");
  if (d.loss.kind > Loss::mae && (last.activation != Activation::linear || !d.output_scale.empty()))
    refuse("loss.name: expected a loss for this last layer, or a linear one without output_scale");
  if (d.loss.levels.size() != std::size_t(d.loss.kind == Loss::pinball ? last.units : 0))
    refuse("loss.levels: expected a level for each unit for pinball, none for other losses");
  if (d.output_scale.size() != d.output_offset.size())
    refuse("output_offset: expected as many numbers as output_scale has");
  if (!d.output_scale.empty() &&
      (d.output_scale.size() != std::size_t(last.units) || last.activation != Activation::linear))
    refuse("output_scale: expected a number for each unit of a linear last layer");
  if (d.bytes && (d.offset != 0 || d.layers[0].dropout > 0)) refuse("bytes: expected no offset and no dropout");
}

inline Plan read_plan(nb::handle dictionary) {
  Fields fields(dictionary, "plan");
  Plan plan;
  fields.read("threads", plan.threads, kMostThreads);
  fields.read("by_records", plan.by_records);
  fields.read("task", plan.task, kMostUnits);
  fields.read("block", plan.block, kMostBlock);
  fields.read("chunk", plan.chunk, kMostChunk);
  fields.read("sharing", plan.sharing);
  fields.refuse_others();
  if (plan.block % 16) refuse("plan.block: expected a multiple of 16");
  if (plan.chunk % 4) refuse("plan.chunk: expected a multiple of 4");
  return plan;
}

inline NetworkDescription read_description(nb::handle dictionary) {
  Fields fields(dictionary, "");
  NetworkDescription d;
  for (nb::handle layer : fields.sequence("layers"))
    d.layers.push_back(read_layer(layer, "layers[" + std::to_string(d.layers.size()) + "]"));
  d.loss = read_loss(fields.take("loss"), "loss");
  d.optimizer = read_optimizer(fields.take("optimizer"), "optimizer");
  fields.read("scale", d.scale);
  fields.read("offset", d.offset);
  fields.read("bytes", d.bytes);
  fields.read("output_scale", d.output_scale);
  fields.read("output_offset", d.output_offset);
  fields.read("batch_size", d.batch_size, kMostUnits);
  fields.read("rounds_records", d.rounds_records);
  fields.refuse_others();
  check_description(d);
  return d;
}

}  // namespace rowwise
