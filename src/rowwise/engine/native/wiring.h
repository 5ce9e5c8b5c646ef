// A description → which layer takes whose outputs, what threads divide, and where they meet between two layers.
#pragma once
#include <vector>

#include "schedule.h"

namespace rowwise::ROWWISE_ISA {

// Of every layer. Backward, layers come from the last to the first, the sources of each in their order.
inline std::vector<std::vector<Source>> sources_of(const NetworkDescription& d) {
  const int layers = int(d.layers.size());
  std::vector<std::vector<Source>> all(layers);
  std::vector<Source*> last(layers);  // that has added to a layer's gradient
  for (int i = 0; i < layers; ++i)
    for (const int back : d.layers[i].back) all[i].push_back({i - back, false, false});
  for (int i = layers - 1; i >= 0; --i)
    for (Source& source : all[i]) {
      if (source.layer == kTheRecords) continue;
      source.is_first = !last[source.layer];
      last[source.layer] = &source;
    }
  for (Source* source : last)
    if (source) source->is_last = true;
  return all;
}

// Of every layer: a Dense layer's as its kernel asks for; others take their source's forward, their reader's backward,
// and a BatchNormalization both or none.
template <class T>
std::vector<Division> divisions_of(const NetworkDescription& d, const std::vector<std::vector<Source>>& sources,
                                   const Schedule<T>& schedule) {
  const auto whole_rows = [&](int layer) {
    return d.layers[layer].activation == Activation::softmax || d.layers[layer].kind == Kind::layer_normalization;
  };
  const int layers = int(d.layers.size());
  std::vector<Division> all(layers);
  for (int i = 0; i < layers; ++i) {
    const LayerDescription& l = d.layers[i];
    const int first = sources[i][0].layer;
    all[i].forward = !whole_rows(i) && (l.kind == Kind::dense ? schedule.divides_columns(l.inputs, l.units)
                                                              : first != kTheRecords && all[first].forward);
  }
  for (int i = layers - 1; i >= 0; --i) {
    const LayerDescription& l = d.layers[i];
    if (l.kind == Kind::dense) all[i].backward = schedule.divides_columns(l.units, l.inputs);
    for (const Source& source : sources[i]) {
      if (source.layer == kTheRecords) continue;
      if (whole_rows(source.layer) || l.kind == Kind::layer_normalization) all[i].backward = false;
      if (source.is_last && d.layers[source.layer].kind != Kind::dense) all[source.layer].backward = all[i].backward;
    }
    if (l.kind == Kind::dense && sources[i][0].layer == kTheRecords) all[i].backward = false;
    if (l.kind == Kind::batch_normalization)
      all[i].forward = all[i].backward = all[i].forward && all[i].backward;
  }
  return all;
}

// Layer::waits and backward_waits: threads meet where one reads, or adds to, what another may just have written.
template <class T>
void set_waits(std::vector<Layer<T>>& layers) {
  int met = -1;  // after this layer
  for (int i = 0; i < int(layers.size()); ++i) {
    Layer<T>& l = layers[i];
    for (const Source& source : l.sources) {
      if (source.layer <= met) continue;
      const bool divided = layers[source.layer].by_columns;
      l.waits = l.waits || (l.is(Kind::dense) ? l.by_columns || divided : l.by_columns != divided);
    }
    if (l.waits) met = i - 1;
  }
  enum { kByRows = 1, kByColumns = 2 };
  std::vector<int> written(layers.size());  // how gradients were, since threads met last
  written.back() = kByRows;
  for (int i = int(layers.size()) - 1; i >= 0; --i) {
    Layer<T>& l = layers[i];
    const int own = l.backward_by_columns ? kByColumns : kByRows, other = kByRows + kByColumns - own;
    l.backward_waits = l.is(Kind::dense) && l.backward_by_columns ? written[i] != 0 : (written[i] & other) != 0;
    for (const Source& source : l.sources)
      if (source.layer != kTheRecords) l.backward_waits = l.backward_waits || (written[source.layer] & other) != 0;
    if (l.backward_waits) written.assign(written.size(), 0);
    for (const Source& source : l.sources)
      if (source.layer != kTheRecords) written[source.layer] |= own;
  }
}

}  // namespace rowwise::ROWWISE_ISA
