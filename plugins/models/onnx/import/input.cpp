// The model's input, and how the data's examples fit it.
#include "import/call.hpp"
#include "import/movement.hpp"

#include <algorithm>

namespace onnx {
namespace {

Shape without_ones(Shape shape) {
    std::erase(shape, 1);
    return shape;
}

[[noreturn]] void refuse(const Port &port, const std::string &fault) {
    throw spar::invalid("the input \"" + port.name + "\" " + fault, "/file");
}

/// Of one example; sizes that the file leaves open are the data's.
Shape shape_of(const Port &port, const Shape &examples) {
    Shape shape;
    const auto &dims = *port.shape;
    for (std::size_t i = 1; i < dims.size(); ++i) {
        const bool open = dims[i].size < 1;
        if (open && dims.size() != examples.size() + 1)
            refuse(port, "has an axis of any size, and the data's examples " +
                             spar::shape_text(examples) +
                             " have another number of axes; export it with a fixed size of "
                             "everything but the batch");
        shape.push_back(open ? examples[i - 1] : dims[i].size);
    }
    return shape;
}

}  // namespace

void Importer::read_input(const Shape &examples, bool channels_last) {
    if (model_.inputs.size() != 1) {
        std::string names;
        for (const Port &port : model_.inputs) names += (names.empty() ? "" : ", ") + port.name;
        throw spar::invalid("the model has " + std::to_string(model_.inputs.size()) + " inputs (" +
                                names + "), expected one; export a model of one argument",
                            "/file");
    }
    const Port &port = model_.inputs[0];
    if (port.type != ElementType::float32)
        refuse(port, "takes " + type_name(port.type) +
                         ", expected float32; of a model of tokens, export what follows the "
                         "embedding");
    std::vector<Axis> axes{{1, true, 1}};
    Shape shape = examples;
    if (port.shape) {
        if (port.shape->empty()) refuse(port, "has no axes, expected [batch, ...]");
        const std::int64_t batch = port.shape->front().size;
        if (batch > 1)
            refuse(port, "takes batches of " + std::to_string(batch) +
                             " alone; export it for any: dynamic_shapes=({0: torch.export.Dim("
                             "\"batch\")},), or for dynamo=False dynamic_axes={\"x\": {0: "
                             "\"batch\"}} and input_names=[\"x\"]");
        fixed_batch_ = batch == 1;
        shape = shape_of(port, examples);
    }
    for (const std::int64_t size : shape) axes.push_back({size, false, 1});
    Activation input{0, axes, false};
    const bool flat = shape.size() == 1 || examples.size() == 1;
    const bool alike = without_ones(shape) == without_ones(examples) ||
                       (flat && spar::product(shape) == spar::product(examples));
    if (channels_last) {
        if (examples.size() != 3 || shape != Shape{examples[1], examples[2], examples[0]})
            throw spar::invalid(
                "turns images [channels, height, width] into [height, width, "
                "channels], but the data's are " +
                    spar::shape_text(examples) + " and the input \"" + port.name + "\" takes " +
                    spar::shape_text(shape),
                "/channels_last");
        const Node none;
        Call call(*this, none);
        const std::int64_t plane = examples[1] * examples[2];
        input = moved(call, input, strided(shape, {examples[2], 1, plane}), axes);
    } else if (!alike) {
        const bool turned =
            examples.size() == 3 && shape == Shape{examples[1], examples[2], examples[0]};
        refuse(port, "takes examples " + spar::shape_text(shape) + ", but the data's are " +
                         spar::shape_text(examples) +
                         (turned ? "; \"channels_last\": true turns them" : ""));
    }
    known_.emplace(port.name, input);
}

}  // namespace onnx
