#include "idx_file.hpp"

namespace {

class Idx : public spar::Dataset {
  public:
    static constexpr spar::About about{
        .type = "idx",
        .summary =
            "Examples and labels from two IDX files, plain or gzipped, as MNIST is published.",
        .formula =
            "bytes become values in [0,1] as byte/255, other types are taken as they are; "
            "[n, h, w] becomes n images [1, h, w]",
        .reference = "LeCun, Cortes and Burges, The MNIST database of handwritten digits",
        .example = R"({"version":1,"name":"idx","seed":1,
 "data":{"train":{"type":"idx","images":"train-images-idx3-ubyte.gz",
                  "labels":"train-labels-idx1-ubyte.gz"},
         "test":{"type":"idx","images":"t10k-images-idx3-ubyte.gz",
                 "labels":"t10k-labels-idx1-ubyte.gz"}},
 "model":{"type":"sequential","layers":[{"type":"flatten"},{"type":"linear","out":10}]},
 "threat":{"norm":"linf","eps":0.1},
 "train":{"method":{"type":"natural"},"loss":{"type":"cross_entropy"},
          "optimizer":{"type":"sgd","lr":0.05},"epochs":1,"batch_size":100},
 "evaluate":{"examples":100,"attacks":[{"type":"fgsm"}]}})",
    };

    spar::Path images{this, "images", "IDX file of the examples, [n, ...]"};
    spar::Path labels{this, "labels", "IDX file of their labels, [n]"};
    spar::Integer classes{this,
                          "classes",
                          "number of classes; left out, the highest label and one",
                          {.min = 1, .max = datasets::most_classes, .optional = true}};
    spar::Number lower{this, "lower", "least value an example may hold", {.fallback = 0}};
    spar::Number upper{this, "upper", "greatest value an example may hold", {.fallback = 1}};

    void configure() override {
        if (*lower >= *upper) throw spar::invalid("upper must be greater than lower", "/upper");
    }

    spar::DatasetInfo info() override {
        if (info_.size == 0) open();
        return info_;
    }

    void read(std::int64_t index, const spar::ExampleOut &out) override {
        values_.read(index, out.x);
        *out.label = labels_.values[static_cast<std::size_t>(index)];
    }

    std::vector<std::string> files() const override { return {*images, *labels}; }

  private:
    void open() {
        const idx::File x = idx::read(*images), y = idx::read(*labels);
        const std::vector<std::int64_t> shape = datasets::example_shape(x.array);
        labels_ = datasets::read_labels(y.array, classes.value_or(0));
        datasets::check_counts(x.array, y.array);
        values_ = datasets::Values(x.array, {*lower, *upper});
        info_ = {.size = x.array.count(),
                 .shape = shape,
                 .outputs = labels_.classes,
                 .lower = *lower,
                 .upper = *upper};
    }

    spar::DatasetInfo info_;
    datasets::Values values_;
    datasets::Labels labels_;
};

}  // namespace

SPAR_PLUGIN("idx", "1.0.0", Idx)
