#include "python.hpp"
#include "training.hpp"

#include <cstring>

using namespace spar;
using namespace spar::test;

namespace {

struct Case {
    const char *ours, *theirs, *options;
};

const std::vector<Case> cases = {
    {R"({"type":"sgd","lr":0.1})", "SGD", R"({"lr":0.1})"},
    {R"({"type":"sgd","lr":0.1,"momentum":0.9,"weight_decay":0.02})", "SGD",
     R"({"lr":0.1,"momentum":0.9,"weight_decay":0.02})"},
    {R"({"type":"sgd","lr":0.1,"momentum":0.9,"nesterov":true,"weight_decay":0.02})", "SGD",
     R"({"lr":0.1,"momentum":0.9,"nesterov":true,"weight_decay":0.02})"},
    {R"({"type":"adam"})", "Adam", "{}"},
    {R"({"type":"adam","lr":0.01,"beta1":0.8,"beta2":0.99,"eps":1e-3,"weight_decay":0.02})", "Adam",
     R"({"lr":0.01,"betas":[0.8,0.99],"eps":1e-3,"weight_decay":0.02})"},
    {R"({"type":"adamw"})", "AdamW", "{}"},
    {R"({"type":"adagrad","lr_decay":0.1,"weight_decay":0.02})", "Adagrad",
     R"({"lr_decay":0.1,"weight_decay":0.02})"},
    {R"({"type":"rmsprop"})", "RMSprop", "{}"},
    {R"({"type":"rmsprop","lr":0.001,"alpha":0.9,"momentum":0.5,"weight_decay":0.02})", "RMSprop",
     R"({"lr":0.001,"alpha":0.9,"momentum":0.5,"weight_decay":0.02})"},
    {R"({"type":"rmsprop","lr":0.001,"eps":0.01,"centered":true,"momentum":0.5})", "RMSprop",
     R"({"lr":0.001,"eps":0.01,"centered":true,"momentum":0.5})"},
};

std::string raw(const std::vector<float> &values) {
    return {reinterpret_cast<const char *>(values.data()), values.size() * sizeof(float)};
}

}  // namespace

TEST_CASE("the optimizers agree with PyTorch's over 100 steps") {
    const auto python = python_with("torch");
    if (!python) return;
    const Folder folder;
    nlohmann::json list = nlohmann::json::array();
    for (const Case &each : cases)
        list.push_back({{"class", each.theirs}, {"options", nlohmann::json::parse(each.options)}});
    folder.write("cases.json", list.dump());
    folder.write("start", raw(random_tensor(1000)));
    std::string gradients;
    for (std::int64_t step = 1; step <= steps; ++step) gradients += raw(gradient(step));
    folder.write("gradients", gradients);
    const std::string script = SPAR_SOURCE_DIR "/tests/plugins/optimizers/torch_reference.py";
    REQUIRE(std::system((*python + " " + script + " " + folder.path().string()).c_str()) == 0);

    const std::string result = file_content(folder / "result");
    REQUIRE(result.size() == cases.size() * size * sizeof(float));
    for (std::size_t i = 0; i < cases.size(); ++i) {
        CAPTURE(cases[i].ours);
        std::vector<float> theirs(size);
        std::memcpy(theirs.data(), result.data() + i * size * sizeof(float), size * sizeof(float));
        CHECK(difference(train(cases[i].ours), theirs) < 1e-6);
    }
}
