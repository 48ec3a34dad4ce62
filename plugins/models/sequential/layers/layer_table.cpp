#include "layers/layer_table.hpp"

#include <spar/error.hpp>

#include <algorithm>

namespace sequential {

void describe_layer(const Graph &graph, std::int64_t index, spar_layer &layer) {
    if (index < 0 || index >= std::ssize(graph.notes))
        throw spar::Error(SPAR_E_CONTRACT, "there is no such layer");
    const LayerNote &note = graph.notes[static_cast<std::size_t>(index)];
    layer.name = note.name.c_str();
    layer.type = note.type.c_str();
    layer.rank = static_cast<std::int32_t>(note.shape.size());
    std::copy(note.shape.begin(), note.shape.end(), layer.shape);
    layer.parameters = note.parameters;
    layer.multiply_adds = note.multiply_adds;
}

}  // namespace sequential
