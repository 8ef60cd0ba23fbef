"""The same networks in every operator set that changed the operators they use."""

from networks import Network, cnn, mobilenet, mlp, normal, resnet, unet, vit

OPSETS = (9, 11, 13, 15, 17, 18, 20, 21, 22)


def networks():
    for opset in OPSETS:
        name = f"mlp_o{opset}"
        yield Network(name, mlp.classifier(name, "N", opset), [{"x": normal(2, 2, 64)}])
    for opset in (11, 13, 17, 21):
        name = f"mnist_o{opset}"
        yield Network(name, cnn.mnist(name, 1, opset), [{"image": normal(1, 1, 1, 20, 20)}])
    for opset in (11, 21):
        name = f"mobilenet_o{opset}"
        yield Network(name, mobilenet.mobilenet(name, "N", opset), [{"image": normal(1, 1, 3, 48, 48)}])
        name = f"resnet_bn_o{opset}"
        yield Network(name, resnet.resnet(name, 1, "basic", False, opset), [{"image": normal(1, 1, 3, 40, 40)}])
    for opset in (10, 11, 19):
        name = f"unet_resize_o{opset}"
        yield Network(name, unet.unet(name, 1, False, opset), [{"image": normal(1, 1, 3, 32, 32)}])
    for opset in (11, 18, 21):
        name = f"vit_o{opset}"
        yield Network(name, vit.vit(name, "N", opset), [{"image": normal(2, 2, 3, 32, 32)}])
